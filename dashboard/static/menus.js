// Closes an open menu on a click elsewhere, when another opens, and on Escape, which hides a tooltip as well.

export function closeMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.body.classList.add("quiet");
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.preventDefault();
    }
  });
  for (const kind of ["pointermove", "focusin"]) {
    document.addEventListener(kind, () => document.body.classList.remove("quiet"));
  }
}

function openMenus() {
  return document.querySelectorAll("details[data-menu][open]");
}
