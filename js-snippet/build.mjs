// Makes what the collector serves, and the module for bundlers. The same input always gives the same bytes.
//
//   node build.mjs                              everything: ../collector/static/ and dist/
//   node build.mjs --features events,hash       one script with these features on top of page views, on standard output
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { compose, featuresOf, makeSections, squeeze } from "./sections.mjs";

const DEFAULT = ["engagement", "outbound", "downloads", "audience", "retry", "optout", "local"];

const here = (path) => new URL(path, import.meta.url);
const sections = await makeSections(await readFile(here("src/footfall.js"), "utf8"));
const all = featuresOf(sections);
const presets = { pageviews: [], default: DEFAULT, all };
const modules = { default: [...DEFAULT, "events"], all };

/** Return the script with `features`, to be embedded by its address. */
async function makeScript(features) {
  return squeeze(compose(sections, ["script", ...features]));
}

/** Return the module with `features`: the same code, started by a call, with options in place of attributes. */
async function makeModule(features) {
  const script = /\/\*<script\*\/let(\{.*?\})=/.exec(sections)[1];
  const core = compose(sections, features);
  const shell = await readFile(here("src/module.js"), "utf8");
  return squeeze(shell.replace("/* tracker */", () => `((${script}) => {${core}})(script);`), true);
}

const chosen = process.argv.indexOf("--features");
if (chosen > 0) {
  const features = process.argv[chosen + 1].split(/[,\s]+/).filter(Boolean);
  const unknown = features.filter((name) => !all.includes(name));
  if (unknown.length) throw new Error(`unknown features: ${unknown.join(", ")}; known: ${all.join(", ")}`);
  process.stdout.write(await makeScript(features));
} else {
  await mkdir(here("dist/"), { recursive: true });
  await writeFile(here("../collector/static/sections.js"), sections);
  for (const [name, features] of Object.entries(presets)) {
    await writeFile(here(`../collector/static/${name}.js`), await makeScript(features));
  }
  for (const [name, features] of Object.entries(modules)) {
    await writeFile(here(`dist/${name}.js`), await makeModule(features));
    await copyFile(here("src/module.d.ts"), here(`dist/${name}.d.ts`));
  }
}
