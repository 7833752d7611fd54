// Footfall's tracker: tells the collector which page is looked at, stores nothing, and never disturbs the page.
//
// Every reader loads these bytes. `npm run build` makes them small and leaves the sections between `//# name` and
// `//# end` apart, so that any choice of features is a script of its own; a test holds the sizes. A section names the
// features, separated by |, of which any one needs it (`!` before one: it is there without that feature). It is whole
// statements, and what is outside of it uses no name of it. (Hence `let` throughout, and one idiom for one thing:
// what was there before compresses to nothing.)

if (!window.footfallOn) try {
  window.footfallOn = 1; // embedded twice it counts once

  //# script
  let { dataset: attributes, src } = document.currentScript; // a module has none, and nothing happens
  //# end
  let page; // what beacons say of the page that was last seen; 0 when it is nobody's business
  let path; // when it changes, it is another page
  //# engagement
  let attendedSince; // false while nobody looks
  let engagedMs;
  let lowestPixel; // the lowest one that was on the screen
  let reportedPixel;
  let height; // of the document that was looked at
  //# end

  // Being async, and all of it within `try`, it neither throws nor keeps anyone waiting.
  let send = async (fields, isRetry) => {
    try {
      if (navigator.globalPrivacyControl | navigator.doNotTrack) return; // true, or "1"
      //# events|exclude
      if (!page) return;
      //# end
      //# local
      // Robots, the developer's own machine, and files, which have no host.
      if ((attributes.test == null) & (navigator.webdriver | /^$|:|^127\.\d|localhost$/.test(location.hostname))) return;
      //# end
      //# optout
      try {
        if (localStorage.footfall_ignore) return;
      } catch {} // storage may be forbidden, which is no objection to being counted
      //# end
      fields = { d: attributes.domain, ...page, ...fields }; // at a retry these are the same fields
      //# audience
      // The first use of Intl costs a page some twenty milliseconds.
      fields.z = window.Temporal?.Now.timeZoneId() || Intl.DateTimeFormat().resolvedOptions().timeZone;
      fields.w = (1 + screen.width / 480) | 0; // a class: the exact width stays here
      //# end
      //# retry
      fields.k ||= Math.random(); // what comes twice under one id counts once
      //# end
      //# transform
      if (attributes.transform && !(fields = window[attributes.transform](fields))) return;
      //# end
      // A string goes as text/plain, for which no browser asks the collector's permission first.
      let answer = await fetch(new URL(attributes.api || "/api/event", src), {
        keepalive: 1,
        method: "POST",
        body: JSON.stringify(fields),
        credentials: "omit",
      });
      //# retry
      if (answer.status < 500) return;
      //# end
    } catch {} // whatever went wrong, it is no business of the page's
    //# retry
    if (!isRetry) setTimeout(send, 3000, fields, 1);
    //# end
  };

  //# events
  // The page may have made this function already, to queue its events until this script is there.
  let footfall = (window.footfall ||= (...call) => footfall.q.push(call));
  footfall.q ||= [];
  let track = ([n, options]) => {
    //# manual
    if (options?.url) {
      path = 0;
      look();
      if (page) page.u = options.url;
    }
    //# end
    send({ n: n || "", ...options }); // without a name it would be a page view; the collector knows props, revenue and interactive by these names as well
  };
  //# end

  // Runs whenever the page may have changed, or the reader did something.
  let look = (event = 0) => {
    try {
      if (event.persisted == false) return; // the load itself: looking would make the browser lay out the page
      // What is loaded ahead of time turns visible a moment before its requests count as a reader's.
      let isHidden = document.hidden | document.prerendering;
      let newPath = location.pathname;
      //# hash
      let hash = "hash" in attributes ? location.hash : "";
      newPath += hash;
      //# end
      if (event.persisted) path = 0; // back from the back/forward cache: the same page, seen anew
      //# engagement
      let now = performance.now();
      let isAttended = !isHidden && document.hasFocus();
      if (attendedSince) {
        engagedMs += now - attendedSince;
        lowestPixel = Math.max(lowestPixel, scrollY + innerHeight);
        // A page that is left may have been swapped for the next already. (What is laid out for the line above is so for this one.)
        if (!height | (path == newPath)) height = document.documentElement.scrollHeight;
        // Less than three seconds are not worth a beacon of their own.
        if ((path != newPath || !isAttended) && (engagedMs >= 3000 || lowestPixel > reportedPixel)) {
          send({ e: engagedMs | 0, sd: ((100 * lowestPixel) / height + 0.5) | 0 });
          engagedMs = 0;
          reportedPixel = lowestPixel;
        }
      }
      attendedSince = isAttended && now;
      //# end
      if (!isHidden && path != newPath) {
        //# engagement
        engagedMs = lowestPixel = reportedPixel = 0;
        //# end
        page = {
          u: location.href.split("#")[0], // a fragment is the page's own, and may be a secret
          r: page ? "" : document.referrer, // the others come from within the site
        };
        //# hash
        page.u += hash;
        page.h = 1;
        //# end
        //# exclude
        // As in the collector's settings: * is any part of a path without a slash, ** any part of it.
        if (
          RegExp(
            `^(${attributes.exclude?.replace(/\*\*|\W/g, (part) => ({ "**": ".*", "*": "[^/]*", " ": "|" })[part] || "\\" + part)})$`,
          ).test(newPath)
        )
          page = 0;
        //# end
        //# manual
        if (!("manual" in attributes)) send(); // a beacon without a name is a page view
        //# end
        //# !manual
        send(); // a beacon without a name is a page view
        //# end
        //# 404
        // Of the first page only; and who meets it has done nothing yet.
        if (!path && performance.getEntriesByType("navigation")[0]?.responseStatus == 404)
          send({ n: "404", i: false });
        //# end
        path = newPath;
        //# events
        footfall.q.splice(0).map(track);
        footfall.q.push = track;
        //# end
      }
      //# outbound|downloads|forms|tagged
      // What the reader follows or submits; the right button opens a menu. The event goes on its way untouched.
      let isFollowed = page && event.button < 2;
      //# forms|tagged
      let isSubmit = event.type == "submit";
      isFollowed ||= page && isSubmit;
      //# end
      if (isFollowed) {
        let elements = event.composedPath();
        //# tagged
        let tagged = elements.find((element) => element.dataset?.footfall && !element.submit != isSubmit)?.dataset;
        if (tagged) send({ n: tagged.footfall, p: tagged.footfallProps });
        //# end
        //# forms
        if (isSubmit) send({ s: elements[0].getAttribute("name") || "" });
        //# end
        //# outbound|downloads
        let link = elements.find((element) => element.hostname); // mailto: and the like have no host
        let field;
        //# outbound
        if (link.hostname != location.hostname) field = "o";
        //# end
        //# downloads
        if (/\.(txt|rar|pdf|gz|mov|apk|dmg|zip|exe|mp[34]|csv|(doc|xls|ppt)x?|7z)$/i.test(link.pathname)) field = "f";
        //# end
        if (field) send({ [field]: link.origin + link.pathname }); // a query may be a secret
        //# end
      }
      //# end
    } catch {}
  };

  // In the capturing phase: every event passes the window on its way down, whatever the page stops later.
  [
    //, forms|tagged
    "submit",
    //, end
    //, outbound|downloads|tagged
    "click",
    "auxclick",
    //, end
    //, engagement
    "scroll",
    "focus",
    "blur",
    //, end
    "visibilitychange",
    "prerenderingchange",
    "popstate",
    "pageshow",
  ].map((type) => addEventListener(type, look, 1));
  // Where the browser has it, the Navigation API tells of each change; else we stand behind the calls that change it.
  // (An element with such an id is also found under this name, but has no current entry.)
  if (window.navigation?.currentEntry) navigation.addEventListener("currententrychange", look);
  else
    ["pushState", "replaceState"].map((method) => {
      let original = history[method];
      history[method] = (...given) => look(original.apply(history, given));
    });
  look();
} catch {}
