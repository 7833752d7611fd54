// Narrows a list of sites while its name is typed; Enter opens the first that is left.

export function findWhileTyping() {
  for (const field of document.querySelectorAll("input[data-find]")) {
    field.addEventListener("input", () => narrow(field));
    field.form.addEventListener("submit", (event) => {
      const first = [...listed(field)].find((element) => !element.hidden);
      if (!first || !field.value) return;
      event.preventDefault();
      first.click();
    });
  }
}

function narrow(field) {
  const wanted = field.value.trim().toLowerCase();
  for (const element of listed(field)) element.hidden = !element.dataset.site.toLowerCase().includes(wanted);
}

function listed(field) {
  return (field.closest("nav") ?? document).querySelectorAll(field.dataset.find);
}
