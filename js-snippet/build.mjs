// Makes the file that the collector serves from the source. The same input always gives the same bytes.
import { readFile, writeFile } from "node:fs/promises";
import { minify } from "terser";

const source = new URL("src/footfall.js", import.meta.url);
const target = new URL("../collector/static/script.js", import.meta.url);

const { code } = await minify(await readFile(source, "utf8"), { ecma: 2020, compress: { passes: 3 } });
await writeFile(target, `${code}\n`);
