// Sends messages one after the other, in order; what does not get through stays, is shown, and is tried again.
import { find, showPending, showState } from "./render.js";

const PATIENCE_MS = 45_000;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

export class Sending {
  // on: {stored(view), refused(item, text), trouble(), signedOut(text), busy(yes)}
  constructor(unsent, words, after, on) {
    Object.assign(this, { unsent, words, after, on, running: false, stopped: false, wait: FIRST_RETRY_MS });
    for (const item of unsent.queue) this.show(item);
    this.run();
  }

  show(item) {
    const article = find(item.id) ?? showPending(item.id, item.title, this.words.you);
    showState(article, this.running ? this.words.waiting : this.words.sending);
  }

  // text: what is sent; title: what people read. The id stays the same on every try, so the server stores it once.
  add(text, title) {
    // randomUUID is missing on plain http pages other than localhost.
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const item = { id: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""), text, title };
    this.unsent.add(item);
    this.show(item);
    this.run();
  }

  async run() {
    if (this.running || this.stopped || !this.unsent.queue.length) return;
    this.running = true;
    clearTimeout(this.timer);
    let going = true;
    while (going && this.unsent.queue.length && !this.stopped) going = await this.sendFirst(this.unsent.queue[0]);
    this.running = false;
    if (!going && !this.stopped) this.later();
    this.on.busy(false);
  }

  async sendFirst(item) {
    const article = find(item.id);
    if (article && !article.dataset.seq) showState(article, this.words.sending);
    this.on.busy(true);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const response = await fetch("/chat/messages", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ text: item.text, id: item.id, after: this.after() }),
        signal: patience.signal,
      });
      const body = await response.json();
      if (response.ok) {
        this.unsent.remove(item.id);
        this.wait = FIRST_RETRY_MS;
        this.on.stored(body);
        return true;
      }
      if (response.status === 401 || response.status === 403) {
        this.stopped = true;
        this.giveBack(item, "");
        this.on.signedOut(body.error.text);
        return false;
      }
      if (response.status < 500 && response.status !== 429) {
        this.giveBack(item, body.error.text);
        return true;
      }
    } catch {
      // No line, or an answer that is none: the message stays in the queue.
    } finally {
      clearTimeout(timer);
    }
    this.on.trouble();
    return false;
  }

  giveBack(item, text) {
    this.unsent.remove(item.id);
    find(item.id)?.remove();
    this.on.refused(item, text);
  }

  later() {
    for (const item of this.unsent.queue) {
      const article = find(item.id);
      if (article && !article.dataset.seq) showState(article, this.words.unsent, () => this.run());
    }
    this.timer = setTimeout(() => this.run(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_RETRY_MS);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}
