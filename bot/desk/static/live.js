// Keeps the page fresh: waits for news, then asks for the page again and swaps the parts that differ.
"use strict";

const Live = (() => {
  const LOST_MS = 10000, POLL_MS = 5000;
  const shown = new Map();
  const listeners = [];
  let heard = Date.now(), tried = 0, source = null, running = false, again = false, signedOut = false;

  // Ticking times are not news.
  const mark = (part) => part.dataset.key ?? part.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");
  for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, mark(part));
  follow(document);

  function follow(root) {
    for (const list of root.querySelectorAll("[data-follow]")) list.scrollTop = list.scrollHeight;
  }

  function swap(old, fresh) {
    const open = [...old.querySelectorAll("details[id]")].map((d) => [d.id, d.open]);
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 60, top = old.scrollTop;
    old.replaceWith(fresh);
    for (const [id, was] of open) { const d = document.getElementById(id); if (d) d.open = was; }
    if (fresh.dataset.follow !== undefined) fresh.scrollTop = atEnd ? fresh.scrollHeight : top;
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    Keep.restore(fresh);
  }

  async function refresh() {
    if (running) { again = true; return; }
    running = true;
    try {
      // After a refused act the address is the act's; what is shown, and what a reload asks for, is the case. After a
      // search it is the queue, whose parts are kept fresh around what was found.
      const address = location.pathname.replace(/^(\/desk\/case\/[^/]+)\/.+$/, "$1").replace(/^\/desk\/find$/, "/desk");
      if (address !== location.pathname) history.replaceState(null, "", address);
      const answer = await fetch(address + location.search, { headers: { "X-Live": "1" }, credentials: "same-origin", cache: "no-store" });
      if (answer.status === 401) return out();
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const fresh of page.querySelectorAll("[data-live]")) {
        const old = document.getElementById(fresh.id), now = mark(fresh);
        if (!old || shown.get(fresh.id) === now) continue;
        shown.set(fresh.id, now);
        swap(old, document.importNode(fresh, true));
      }
      hear();
      tick();
      for (const tell of listeners) tell();
    } catch { /* the line is lost: the banner says so, and we try again */ }
    finally {
      running = false;
      if (again) { again = false; refresh(); }
    }
  }

  function hear() { heard = Date.now(); document.getElementById("stale").hidden = true; }

  function out() {
    signedOut = true;
    source?.close();
    document.getElementById("stale").hidden = true;
    document.getElementById("out").hidden = false;
    for (const tell of listeners) tell();
  }

  function connect() {
    source?.close();
    source = new EventSource(document.body.dataset.stream);
    source.addEventListener("open", refresh);
    source.addEventListener("changed", () => { hear(); refresh(); });
    source.addEventListener("beat", hear);
    source.addEventListener("out", out);
  }

  // After sleep, a lost line or a refused connection: say so, poll, and open the line anew.
  function watch() {
    if (signedOut) return;
    const lost = Date.now() - heard > LOST_MS;
    if (lost) document.getElementById("stale").hidden = false;
    if ((!lost && source.readyState !== EventSource.CLOSED) || Date.now() - tried < POLL_MS) return;
    tried = Date.now();
    refresh();
    if (source.readyState !== EventSource.OPEN) connect();
  }

  function tick() {
    for (const time of document.querySelectorAll("time[data-since]")) {
      const s = Math.max(0, Math.floor((Date.now() - Date.parse(time.dataset.since)) / 1000));
      const two = (n) => String(n).padStart(2, "0");
      time.textContent = s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)} min`
        : s < 172800 ? `${Math.floor(s / 3600)} h ${two(Math.floor(s % 3600 / 60))} min` : `${Math.floor(s / 86400)} d`;
    }
  }

  connect();
  setInterval(() => { watch(); tick(); }, 1000);
  for (const moment of ["online", "pageshow", "focus"]) window.addEventListener(moment, () => { if (!signedOut) refresh(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !signedOut) refresh(); });
  return { refresh, changed: (tell) => listeners.push(tell), signedOut: () => signedOut };
})();
