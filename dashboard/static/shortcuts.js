// Single keys: each presses the element that says so in data-key. A list of them opens with `?`, and can switch them off.

const STORED = "footfall-shortcuts";

export function listenToKeys() {
  const help = document.querySelector("#help");
  if (help) offerHelp(help);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") || (event.key !== "Escape" && !areOn())) return;
    if (event.key === "?") help?.showModal();
    else press(event);
  });
}

function press(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const element = [...document.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key);
  if (!element) return;
  event.preventDefault();
  if (element.localName === "input") element.focus();
  else element.click();
  const menu = element.closest("details[open]");
  if (menu && element.localName === "summary") menu.querySelector("input:not([type=hidden]), select, a")?.focus();
}

function offerHelp(help) {
  const place = document.querySelector("[data-help]");
  const button = document.createElement("button");
  button.className = "link";
  button.textContent = "Keyboard shortcuts";
  button.addEventListener("click", () => help.showModal());
  place?.append(button);
  const box = help.querySelector("[data-shortcuts]");
  box.checked = areOn();
  box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
  help.addEventListener("click", (event) => {
    if (event.target === help) help.close();
  });
}

function areOn() {
  return localStorage.getItem(STORED) !== "off";
}

function isTyping(element) {
  return element instanceof Element && element.closest("input:not([type=checkbox]), select, textarea") !== null;
}
