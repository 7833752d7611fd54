// Turns the world's borders into ../dashboard/static/built/: one small SVG that pages refer to by country, and a list
// of the countries in it. Small countries, which a map of this scale leaves out, become dots.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoCentroid, geoNaturalEarth1, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);
const read = (name) => JSON.parse(readFileSync(require.resolve(name), "utf8"));

const WIDTH = 1000;
const HEIGHT = 470;
const DOT = 3.2;
const ANTARCTICA = "AQ";

const alpha2 = new Map(read("i18n-iso-countries/codes.json").map(([two, , number]) => [number, two]));
alpha2.set("Kosovo", "XK");

function countriesOf(name) {
  const topology = read(name);
  const features = feature(topology, topology.objects.countries).features;
  return features.map((each) => ({ ...each, code: alpha2.get(each.id ?? each.properties.name) ?? "" }));
}

// Whole numbers and relative steps: a third of the bytes, and nothing that could be seen at this size.
function shorten(path) {
  return path
    .split("M")
    .slice(1)
    .map((ring) => ringOf(ring.replace("Z", "").split("L")))
    .join("");
}

function ringOf(points) {
  const places = points.map((point) => point.split(",").map((number) => Math.round(Number(number))));
  let text = `M${places[0]}`;
  let steps = "";
  for (let index = 1; index < places.length; index++) {
    const [dx, dy] = places[index].map((value, axis) => value - places[index - 1][axis]);
    if (dx || dy) steps += `${dx},${dy} `;
  }
  text = steps ? `${text}l${steps.trim().replaceAll(",-", "-").replaceAll(" -", "-")}z` : "";
  return text;
}

const large = countriesOf("world-atlas/countries-110m.json").filter(({ code }) => code !== ANTARCTICA);
const projection = geoNaturalEarth1().fitSize([WIDTH, HEIGHT], { type: "FeatureCollection", features: large });
const draw = geoPath(projection);
const drawn = large.map((country) => ({ code: country.code, d: shorten(draw(country)) })).filter(({ d }) => d);
const known = new Set(drawn.map(({ code }) => code));
const dots = countriesOf("world-atlas/countries-50m.json")
  .filter(({ code }) => code && code !== ANTARCTICA && !known.has(code))
  .map((country) => ({ code: country.code, place: projection(geoCentroid(country)).map(Math.round) }));

const shapes = drawn.map(({ code, d }) => (code ? `<path id="${code}" d="${d}"/>` : `<path d="${d}"/>`));
const circles = dots.map(({ code, place: [x, y] }) => `<circle id="${code}" cx="${x}" cy="${y}" r="${DOT}"/>`);
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"><g id="world">${shapes.join("")}</g><defs>${circles.join("")}</defs></svg>\n`;
const codes = [...drawn, ...dots].map(({ code }) => code).filter(Boolean);

const target = new URL("../dashboard/static/built/", import.meta.url);
mkdirSync(target, { recursive: true });
writeFileSync(new URL("world.svg", target), svg);
writeFileSync(new URL("countries.json", target), `${JSON.stringify(codes.sort())}\n`);
console.log(`world.svg: ${svg.length} bytes, ${codes.length} countries`);
