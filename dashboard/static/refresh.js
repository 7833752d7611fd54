// Fetches the page again every few seconds while someone looks at it, and swaps only the parts that changed.

const EVERY_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

export function keepFresh() {
  const shown = partsOf(document);
  const freshness = document.querySelector("[data-freshness]");
  let etag = null;
  let pause = EVERY_MS;
  let timer = 0;
  let lastAnswer = new Date();

  async function refresh() {
    const answer = await fetch(location.href, { headers: etag ? { "If-None-Match": etag } : {} });
    if (answer.status === 401 || answer.status === 403) location.reload();
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    etag = answer.headers.get("ETag");
    swap(partsOf(page));
  }

  function swap(fresh) {
    if ([...fresh.keys()].join() !== [...shown.keys()].join()) {
      location.reload();
      return;
    }
    for (const [name, part] of fresh) {
      if (shown.get(name).html !== part.html) {
        replace(shown.get(name).element, part.element);
        shown.set(name, part);
      }
    }
  }

  async function tick() {
    try {
      await refresh();
      pause = EVERY_MS;
      lastAnswer = new Date();
      tell("");
    } catch {
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      tell(`Not up to date: no answer since ${lastAnswer.toLocaleTimeString()}. Trying again.`);
    }
    plan(pause);
  }

  function plan(delay) {
    clearTimeout(timer);
    timer = document.hidden ? 0 : setTimeout(tick, delay);
  }

  function tell(text) {
    document.body.classList.toggle("stale", text !== "");
    if (!freshness) return;
    freshness.hidden = false;
    freshness.textContent = text || "Updates by itself";
  }

  document.addEventListener("visibilitychange", () => plan(0));
  tell("");
  plan(EVERY_MS);
}

function partsOf(page) {
  const parts = [...page.querySelectorAll("[data-part]")];
  return new Map(parts.map((element) => [element.dataset.part, { element, html: element.outerHTML }]));
}

// Puts `fresh` in the place of `old`; what was unfolded or scrolled stays so, and the focus stays where it was.
function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const open = [...old.querySelectorAll("details[data-keep][open]")].map((details) => details.dataset.keep);
  const scrolled = [...old.querySelectorAll("[data-scroll]")].map((box) => [box.dataset.scroll, box.scrollTop, box.scrollLeft]);
  old.replaceWith(document.adoptNode(fresh));
  for (const name of open) fresh.querySelector(`details[data-keep="${name}"]`)?.setAttribute("open", "");
  for (const [name, top, left] of scrolled) fresh.querySelector(`[data-scroll="${name}"]`)?.scrollTo({ top, left, behavior: "instant" });
  if (focused) focusSame(focused, fresh);
}

function focusSame(focused, fresh) {
  const places = [...fresh.querySelectorAll(focused.localName)];
  const same = places.find((place) => place.textContent === focused.textContent);
  (same ?? places.find((place) => place.getAttribute("href") === focused.getAttribute("href")))?.focus({
    preventScroll: true,
  });
}
