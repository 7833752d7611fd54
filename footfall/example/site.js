// Buttons that send a custom event: its name and properties are in their attributes.

addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-event]");
  if (!button) return;
  const { event, done, amount, ...props } = button.dataset;
  footfall(event, { props, revenue: amount && { currency: "EUR", amount: Number(amount) } });
  button.textContent = done;
  button.disabled = true;
});

const sections = ["/walks", "/app", "/pricing", "/about"];
const section = sections.find((path) => location.pathname.startsWith(path));
if (section) document.querySelector(`.masthead nav a[href^="${section}"]`).setAttribute("aria-current", "page");
