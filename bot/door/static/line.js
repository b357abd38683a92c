// Keeps the page up to date: live events, plain questions where they do not hold, and a fresh start after sleep.
const SILENT_MS = 40_000; // the server sends a beat every 15 seconds
const POLL_MS = 5_000;
const REOPEN_MS = 30_000;
const DOWN_AFTER_MS = 4_000;

export class Line {
  // on: {news(view), up(), down(), signedOut()}; after(): number of the last message on the page
  constructor(after, on) {
    this.after = after;
    this.on = on;
    this.stopped = false;
    this.lastNews = Date.now();
    this.lastOpened = 0;
    this.open();
    this.timer = setInterval(() => this.look(), POLL_MS);
    document.addEventListener("visibilitychange", () => document.hidden || this.look());
    window.addEventListener("online", () => this.open());
  }

  open() {
    if (this.stopped) return;
    this.source?.close();
    this.lastOpened = Date.now();
    if (!window.EventSource) return;
    this.source = new EventSource(`/chat/events?after=${this.after()}`);
    this.source.addEventListener("news", (event) => {
      this.heard();
      this.on.news(JSON.parse(event.data));
    });
    this.source.addEventListener("beat", () => this.heard());
    this.source.addEventListener("error", () => this.lost());
  }

  // Tells the server what has come, so that the officer who wrote it knows.
  arrived(last) {
    fetch(`/chat/messages?after=${last}`, { cache: "no-store" }).catch(() => {});
  }

  heard() {
    clearTimeout(this.downTimer);
    this.downTimer = undefined;
    this.lastNews = Date.now();
    this.on.up();
  }

  lost() {
    this.downTimer ??= setTimeout(() => this.stopped || this.on.down(), DOWN_AFTER_MS);
  }

  // Timers stand still while a phone sleeps; the first look afterwards finds the line silent and starts afresh.
  look() {
    if (this.stopped) return;
    const silent = Date.now() - this.lastNews > SILENT_MS;
    const closed = !this.source || this.source.readyState === 2;
    if (closed || silent) this.poll();
    if (silent || (closed && Date.now() - this.lastOpened > REOPEN_MS)) {
      this.lastNews = Date.now();
      this.open();
    }
  }

  async poll() {
    try {
      const response = await fetch(`/chat/messages?after=${this.after()}`, { cache: "no-store" });
      if (response.status === 401) {
        this.on.signedOut();
      } else if (response.ok) {
        const view = await response.json();
        this.heard();
        this.on.news(view);
      } else {
        this.lost();
      }
    } catch {
      this.lost();
    }
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.downTimer);
    this.source?.close();
  }
}
