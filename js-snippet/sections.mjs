// The source's sections, found again in the minified text, so that a script can be put together from any of them.
import { minify } from "terser";

// Statements keep their order and stay statements, so that a section remains a run of them.
const IN_ORDER = { ecma: 2020, passes: 3, sequences: false, if_return: false, join_vars: false, unsafe_arrows: true };
const SMALLEST = { ecma: 2020, passes: 3, unsafe_arrows: true, keep_fargs: false };
const MARK = /(BEGIN|END)\("([^"]*)"\)[;,]?/g;

// The collector's collector/script_sections.py does the same as `compose`.
const PIECES = /(\/\*<[^*]*\*\/|\/\*>\*\/)/;

/** Return the whole source minified, with sections between `/*<names*​/` and `/*>*​/`. */
export async function makeSections(source) {
  const open = [];
  const marked = source.replace(/^ *\/\/([#,]) (.*)$/gm, (_, kind, names) => {
    if (names !== "end") open.push(names);
    return (names === "end" ? `END("${open.pop()}")` : `BEGIN("${names}")`) + (kind === "#" ? ";" : ",");
  });
  const { code } = await minify(marked, { ecma: 2020, compress: IN_ORDER });
  return code.replace(MARK, (_, kind, names) => (kind === "BEGIN" ? `/*<${names}*/` : "/*>*/"));
}

/** Return the names of all features in `sections`. */
export function featuresOf(sections) {
  const names = [...sections.matchAll(/\/\*<([^*]*)\*\//g)].flatMap((mark) => mark[1].split("|"));
  return [...new Set(names)].filter((name) => name !== "script" && !name.startsWith("!"));
}

/** Return the script with exactly `features` from what `makeSections` returned. */
export function compose(sections, features) {
  const isKept = [true];
  const pieces = sections.split(PIECES).filter((piece, index) => {
    if (index % 2 === 0) return isKept.at(-1);
    if (piece === "/*>*/") isKept.pop();
    else isKept.push(isKept.at(-1) && piece.slice(3, -2).split("|").some((name) => isChosen(name, features)));
    return false;
  });
  return pieces.join("").replaceAll(";}", "}");
}

/** Return `code` as small as it gets; `isModule` when it exports something. */
export async function squeeze(code, isModule = false) {
  return (await minify(code, { ecma: 2020, module: isModule, compress: SMALLEST })).code;
}

function isChosen(name, features) {
  return name.startsWith("!") ? !features.includes(name.slice(1)) : features.includes(name);
}
