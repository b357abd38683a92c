// The chat page: ties the box, the answers, the conversation and the line to the server together.
import { keepDialog } from "./keep.js";
import { Line } from "./line.js";
import { showMessage, showState, showTimes, tapButton } from "./render.js";
import { Sending } from "./sending.js";
import { Unsent } from "./unsent.js";

const $ = (id) => document.getElementById(id);
const [log, box, composer, replies, below, asked] = ["log", "text", "composer", "replies", "below", "asked"].map($);
const data = JSON.parse($("data").textContent);
const words = data.text;
const { lang } = document.documentElement;
const DOUBLE_TAP_MS = 400;
const TWICE_MS = 1_000;

const unsent = new Unsent(data.mark);
let last = data.after;
let conversation = data.conversation;
let repliesShownAt = 0;
let closed = false;

function say(where, text) {
  where.textContent = text;
  where.hidden = !text;
}

function atEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

// Shows the newest messages from the beginning of the first one: an answer longer than the screen is read from its top.
function scrollTo(first) {
  log.scrollTop = first ? first.offsetTop - log.offsetTop - 8 : log.scrollHeight;
  below.hidden = atEnd();
  showAsked();
}

// Buttons without their question are dangerous: where it is below the screen, its last line stands over them.
function showAsked() {
  const body = [...log.querySelectorAll(".message.bot .body")].at(-1);
  const seen = !body || body.getBoundingClientRect().bottom <= log.getBoundingClientRect().bottom + 4;
  asked.hidden = true;
  if (seen || !replies.children.length) return;
  asked.textContent = body.innerText.trim().split("\n").at(-1);
  asked.hidden = false;
}

function fitBox() {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
}

function showReplies(list) {
  const same = [...replies.children].map((button) => button.value).join("\n") === list.map((r) => r.payload).join("\n");
  if (same) return;
  const hadFocus = replies.contains(document.activeElement);
  replies.replaceChildren(...list.map(tapButton));
  replies.scrollTop = 0;
  repliesShownAt = Date.now();
  if (hadFocus) log.focus({ preventScroll: true });
}

function stateText(state) {
  return state === "failed" ? words.failed : words.stored;
}

function show(view) {
  if (closed) return;
  if (conversation && view.conversation !== conversation) {
    signedOut();
    return;
  }
  const wasAtEnd = atEnd();
  if (view.messages.some((message) => message.from === "human" || message.from === "system")) line.arrived(view.last);
  const fresh = view.messages.map((message) => showMessage(message, stateText(message.state))).filter(Boolean);
  if (fresh.length) log.querySelector('.message[data-seq="0"]')?.remove();
  for (const [seq, state] of Object.entries(view.states)) {
    const article = log.querySelector(`.message.responder[data-seq="${Number(seq)}"]`);
    if (article) showState(article, stateText(state));
  }
  // An answer that was overtaken on the way must not bring old buttons back.
  if (view.last >= last) {
    last = view.last;
    showReplies(view.replies);
    for (const change of log.querySelectorAll(".changes button")) change.disabled = view.state === "human";
    const bar = $("bar");
    bar.className = `bar ${view.state}`;
    if (bar.textContent !== view.bar) say(bar, view.bar);
    const duty = $("duty");
    duty.classList.toggle("on", view.duty);
    if (duty.textContent !== view.duty_text) duty.textContent = view.duty_text;
  }
  if (!conversation && view.conversation) {
    conversation = view.conversation;
    line.open();
  }
  // What a person says comes into view wherever the reader is.
  const spoken = fresh.find((article) => article.classList.contains("human"));
  if (spoken || (fresh.length && (wasAtEnd || sending.running))) scrollTo(spoken || fresh[0]);
  else if (fresh.length) below.hidden = false;
  showAsked();
}

function signedOut(text = words.signed_out) {
  closed = true;
  sending.stop();
  line.stop();
  say($("notice"), text);
}

function connection(text) {
  if ($("connection").textContent !== text) say($("connection"), text);
}

function trouble() {
  connection(navigator.onLine ? words.trouble : words.offline);
}

const sending = new Sending(unsent, words, () => last, {
  stored: show,
  refused(item, text) {
    // A tap has no words to put back; typed ones return to the box, before what was typed since.
    if (item.text === item.title) {
      box.value = [item.title, box.value].filter(Boolean).join("\n");
      unsent.keep(box.value);
      fitBox();
    }
    say($("notice"), text || words.not_sent);
  },
  trouble,
  signedOut,
  busy(yes) {
    log.classList.toggle("busy", yes);
    replies.classList.toggle("waiting", yes || unsent.queue.length > 0);
  },
});

const line = new Line(() => last, {
  news: show,
  up() {
    connection("");
    sending.run();
  },
  down: trouble,
  signedOut,
});

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const tap = event.submitter?.name === "tap" ? event.submitter : null;
  more.open = false;
  if (closed) {
    signedOut();
    return;
  }
  if (tap) {
    const early = Date.now() - repliesShownAt < DOUBLE_TAP_MS || replies.classList.contains("waiting");
    if (replies.contains(tap) && early) return;
    sending.add(tap.value, tap.textContent.trim());
  } else {
    const text = box.value.trim();
    const count = [...text].length;
    if (!count) {
      box.focus();
      return;
    }
    if (count > data.limit) {
      say($("notice"), words.too_long.replace("{count}", count.toLocaleString(lang)).replace("{limit}", data.limit.toLocaleString(lang)));
      return;
    }
    sending.add(text, text);
    box.value = "";
    unsent.keep("");
    fitBox();
  }
  say($("notice"), "");
  log.querySelector('.message[data-seq="0"]')?.remove();
  scrollTo();
});

box.addEventListener("input", () => {
  unsent.keep(box.value);
  say($("notice"), "");
  fitBox();
});

box.addEventListener("keydown", (event) => {
  // A phone's keyboard has only this key for a new line; a desk keyboard has Shift for it.
  const desk = window.matchMedia("(pointer: fine)").matches;
  if (event.key === "Enter" && desk && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit(composer.querySelector(".send"));
  }
});

function leave() {
  closed = true;
  sending.stop();
  line.stop();
  unsent.forget();
  // The screen is empty at once, however slow the line is.
  document.body.replaceChildren();
  document.title = "";
  fetch("/chat/leave", { method: "POST", keepalive: true }).catch(() => {});
  location.replace(navigator.onLine ? "/leave" : "about:blank");
}

$("leave").addEventListener("submit", (event) => {
  event.preventDefault();
  leave();
});

let escaped = 0;
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (Date.now() - escaped < TWICE_MS) leave();
  escaped = Date.now();
}, true);

const more = composer.querySelector("details");
document.addEventListener("click", (event) => more.contains(event.target) || (more.open = false));
below.addEventListener("click", () => scrollTo());
log.addEventListener("scroll", () => {
  if (atEnd()) below.hidden = true;
  showAsked();
}, { passive: true });
window.addEventListener("offline", trouble);
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
window.visualViewport?.addEventListener("resize", () => {
  // The keyboard of some phones covers the page instead of making it smaller.
  const stay = atEnd();
  document.documentElement.style.setProperty("--height", `${window.visualViewport.height}px`);
  if (stay) scrollTo();
});

box.value ||= unsent.draft;
unsent.keep(box.value);
fitBox();
showTimes(document);
keepDialog(words.trouble);
scrollTo();
