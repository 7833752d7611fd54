// Tells the value under the pointer. Without this module the browser's own tooltips do, from <title>.

export function showTooltips() {
  document.addEventListener("pointermove", onPointer);
  document.addEventListener("pointerdown", onPointer);
}

function onPointer(event) {
  const slot = event.target instanceof Element ? event.target.closest(".slot") : null;
  for (const tooltip of document.querySelectorAll(".tooltip")) tooltip.hidden = slot === null;
  if (!slot) return;
  slot.querySelector("title")?.remove();
  const plot = slot.closest(".plot");
  const tooltip = plot.querySelector(".tooltip") ?? plot.appendChild(makeTooltip());
  fill(tooltip, slot.dataset);
  place(tooltip, plot, parseFloat(slot.dataset.x) / 100);
}

function makeTooltip() {
  const tooltip = document.createElement("div");
  tooltip.className = "tooltip";
  tooltip.setAttribute("aria-hidden", "true");
  return tooltip;
}

function fill(tooltip, { name, text, earlierName, earlierText, note }) {
  tooltip.replaceChildren(line("now", name, text));
  if (earlierName) tooltip.append(line("earlier", earlierName, earlierText));
  if (note) tooltip.append(line("note", note, ""));
}

function line(kind, name, text) {
  const element = document.createElement("p");
  element.className = `tooltip-${kind}`;
  const words = document.createElement("span");
  words.textContent = name;
  const value = document.createElement("b");
  value.textContent = text;
  element.append(words, value);
  return element;
}

function place(tooltip, plot, share) {
  const space = plot.clientWidth - tooltip.offsetWidth;
  const left = Math.max(0, Math.min(space, share * plot.clientWidth - tooltip.offsetWidth / 2));
  tooltip.style.setProperty("left", `${left}px`);
}
