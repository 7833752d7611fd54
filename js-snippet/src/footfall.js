// Footfall's tracker: tells the collector which page is looked at, stores nothing, and never disturbs the page.
// Every reader loads these bytes: `npm run build` makes the file that is served, and a test holds its size.
// (Hence `let` throughout: one keyword compresses better than two.)

(() => {
  let RETRY_MS = 5000;
  let ENGAGED_MS = 3000; // less attention than this is not worth a beacon of its own

  // The page may have made this function already, to queue its events until this script is there.
  let footfall = (window.footfall ||= (...call) => footfall.q.push(call));
  footfall.q ||= [];

  let script = document.currentScript;
  if (footfall.on || !script) return; // embedded twice, or as a module, which hides the attributes
  footfall.on = 1;

  let attributes = script.dataset;
  let page; // what beacons say of the page that was last counted
  let path; // when the path changes, it is another page
  let attendedSince; // false while nobody looks
  let engagedMs;
  let lowestPixel; // the lowest one that was on the screen
  let reportedPixel;

  // Robots, the developer's own machine, and files, which have no host.
  let isTrial = () => navigator.webdriver || /^((.*\.)?localhost|127[\d.]+|\[::1]|)$/.test(location.hostname);

  let post = async (beacon, isRetry) => {
    try {
      // A string goes as text/plain, for which no browser asks the collector's permission first.
      let answer = await fetch(new URL(attributes.api || "/api/event", script.src), {
        method: "POST",
        body: JSON.stringify(beacon),
        keepalive: true,
        credentials: "omit",
      });
      if (answer.status < 500) return;
    } catch {}
    if (!isRetry) setTimeout(post, RETRY_MS, beacon, 1);
  };

  let send = (name, fields) => {
    try {
      if (localStorage.footfall_ignore == "true") return;
    } catch {} // storage may be forbidden
    if (navigator.globalPrivacyControl || (attributes.test == null && isTrial())) return;
    post({
      n: name,
      d: attributes.domain,
      z: Intl.DateTimeFormat().resolvedOptions().timeZone,
      w: [1440, 992, 576].find((width) => width <= innerWidth) || 320, // a class: the exact size stays here
      k: crypto.getRandomValues(new BigUint64Array(1))[0].toString(16),
      ...page,
      ...fields,
    });
  };

  let track = ([name, options]) => send(name, { p: options?.props, $: options?.revenue, i: options?.interactive });

  // Runs whenever the page may have changed, or the reader looked up, down or away.
  let look = (event) => {
    try {
      let now = performance.now();
      let isShown = !document.hidden;
      let isAttended = isShown && document.hasFocus();
      let url = attributes.hash == null ? location.href.split("#")[0] : location.href;
      let newPath = url.replace(/\?[^#]*/, "");
      if (event?.persisted) path = 0; // back from the back/forward cache: the same page, seen anew
      let isView = isShown && path != newPath;

      lowestPixel = Math.max(lowestPixel, scrollY + innerHeight);
      if (attendedSince) {
        engagedMs += now - attendedSince;
        if ((isView || !isAttended) && (engagedMs >= ENGAGED_MS || lowestPixel > reportedPixel)) {
          send("engagement", {
            e: Math.round(engagedMs),
            sd: Math.round((lowestPixel / document.documentElement.scrollHeight) * 100),
          });
          engagedMs = 0;
          reportedPixel = lowestPixel;
        }
      }
      attendedSince = isAttended && now;

      if (isView) {
        path = newPath;
        // Only the first page has a referrer to tell: the others come from within the site.
        page = { u: url, r: page ? "" : document.referrer, h: attributes.hash == null ? 0 : 1 };
        engagedMs = lowestPixel = reportedPixel = 0;
        send("pageview");
        footfall.q.forEach?.(track);
        footfall.q = { push: track };
      }
    } catch {} // whatever went wrong, it is no business of the page's
  };

  ["pushState", "replaceState"].forEach((method) => {
    let original = history[method];
    history[method] = (...given) => {
      original.apply(history, given);
      look();
    };
  });

  let start = () => {
    ["popstate", "pageshow", "visibilitychange", "focus", "blur", "scroll"].forEach((type) =>
      addEventListener(type, look),
    );
    look();
  };

  // A page loaded ahead of time turns visible a moment before its requests count as a reader's: wait for the latter.
  document.prerendering ? document.addEventListener("prerenderingchange", start) : start();
})();
