// The tracker for bundlers. Nothing happens before `start`, so that a server may import it.

/** Start to count. See module.d.ts. */
export function start({ domain, collector, api, transform, exclude, ...choices }) {
  let dataset = { domain, api, exclude: [exclude].flat().join(" ") };
  for (let name of ["hash", "manual", "test"]) if (choices[name]) dataset[name] = "";
  if (transform) {
    window.footfallTransform = transform;
    dataset.transform = "footfallTransform";
  }
  let script = { dataset, src: collector };
  /* tracker */
}

/** Count an event. */
export function footfall(...call) {
  if (typeof window == "undefined") return;
  (window.footfall ||= (...call) => (window.footfall.q ||= []).push(call))(...call);
}
