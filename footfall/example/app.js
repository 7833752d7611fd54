// The planner: three views in one page. Links change the address with pushState; Back and a reload work.

const WALKS = [
  { name: "Along the chalk ridge", hours: 5, href: "/walks/chalk-ridge" },
  { name: "Three bridges of the Lenn", hours: 3, href: "/walks/three-bridges" },
  { name: "The salt marsh at dusk", hours: 2.5, href: "/walks/salt-marsh" },
];
const PACKING = ["Water, more than you think", "A map that folds", "Something warm", "Something sweet", "A book you will not open", "Half a biscuit"];
const DAYLIGHT = [8, 10, 12, 14, 15.5, 16.5, 16, 14.5, 12.5, 10.5, 8.5, 7.5];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const step = document.querySelector(".step");
const packed = new Set();

const views = {
  "/app": {
    title: "Choose a walk",
    question: "How long have you got?",
    html: () => `
      <label class="range"><span>I have <output></output></span><input type="range" min="1" max="6" step="0.5" value="6"></label>
      <ul class="rows"></ul>`,
    show() {
      const [range, hours, rows] = ["input", "output", "ul"].map((selector) => step.querySelector(selector));
      range.oninput = () => {
        hours.textContent = `${range.value} hours`;
        const walks = WALKS.filter((walk) => walk.hours <= range.value);
        rows.innerHTML = walks.map(({ name, hours, href }) => `<li><a href="${href}">${name}</a><span>${hours} h</span></li>`).join("")
          || "<li>Time for a bench, then: there is one outside.</li>";
      };
      range.oninput();
    },
  },
  "/app/packing": {
    title: "Pack for it",
    question: "What goes in the bag?",
    html: () => `
      <progress max="${PACKING.length}" aria-label="Packed"></progress>
      <ul class="rows">${PACKING.map((item, number) => `
        <li><label><input type="checkbox" value="${number}" ${packed.has(number) ? "checked" : ""}> ${item}</label></li>`).join("")}
      </ul>`,
    show() {
      const progress = step.querySelector("progress");
      progress.value = packed.size;
      step.querySelector("ul").onchange = ({ target }) => {
        packed[target.checked ? "add" : "delete"](Number(target.value));
        progress.value = packed.size;
        if (packed.size === PACKING.length) footfall("Packed", { props: { items: PACKING.length } });
      };
    },
  },
  "/app/daylight": {
    title: "Mind the light",
    question: "When does it get dark?",
    html: () => `
      <p>Hours between sunrise and sunset. Be back at the gate before the last one.</p>
      <svg class="daylight" viewBox="0 0 600 230" role="img" aria-label="Daylight: 7.5 hours in December, 16.5 in June">${DAYLIGHT.map((hours, month) => `
        <g transform="translate(${month * 50 + 25})">
          <rect x="-16" y="${200 - hours * 10.5}" width="32" height="${hours * 10.5}" rx="4" class="${month === new Date().getMonth() ? "now" : ""}"/>
          <text y="${192 - hours * 10.5}">${hours}</text><text y="222" class="month">${MONTHS[month]}</text>
        </g>`).join("")}
      </svg>`,
    show() {},
  },
};

function render() {
  const path = location.pathname in views ? location.pathname : "/app";
  const view = views[path];
  document.title = `${view.title} · Slow Miles`;
  step.innerHTML = `<h2>${view.question}</h2>${view.html()}`;
  view.show();
  for (const link of document.querySelectorAll("[data-step]")) {
    link.toggleAttribute("aria-current", link.pathname === path);
  }
}

addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-step]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  render();
});
addEventListener("popstate", render);
render();
