// Puts messages on the page. Everything is set as text, never as markup, so no message can change the page.
const log = document.getElementById("log");
const bubble = document.getElementById("bubble").content.firstElementChild;
const end = document.getElementById("latest");

function line(parent, pieces) {
  for (const [text, number] of pieces) {
    if (number === undefined) {
      parent.append(text);
    } else {
      const link = document.createElement("a");
      link.href = `tel:${number}`;
      link.textContent = text;
      parent.append(link);
    }
  }
}

function block({ list, lines }) {
  const element = document.createElement(list ? "ul" : "p");
  element.dir = "auto";
  lines.forEach((pieces, index) => {
    if (list) {
      const item = document.createElement("li");
      item.dir = "auto";
      line(item, pieces);
      element.append(item);
    } else {
      if (index) element.append(document.createElement("br"));
      line(element, pieces);
    }
  });
  return element;
}

export function tapButton({ title, payload }) {
  const button = document.createElement("button");
  button.setAttribute("form", "composer");
  button.name = "tap";
  button.value = payload;
  button.dir = "auto";
  button.textContent = title;
  return button;
}

export function showTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const today = at.toDateString() === new Date().toDateString();
    const day = today ? {} : { day: "numeric", month: "short" };
    time.textContent = at.toLocaleString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...day });
  }
}

function place(article, seq) {
  article.dataset.seq = seq;
  // Messages that the server does not have yet stay at the end.
  const next = [...log.querySelectorAll(".message")].find(
    (other) => other !== article && (!other.dataset.seq || Number(other.dataset.seq) > seq),
  );
  const before = next ?? end;
  if (article.nextElementSibling !== before) log.insertBefore(article, before);
}

export function find(id) {
  return [...log.querySelectorAll(".message.responder")].find((article) => article.dataset.id === id);
}

// Shows a message of the server. Returns the new element, or null where the page had it already.
export function showMessage(message, stateText) {
  if (log.querySelector(`.message[data-seq="${Number(message.seq)}"]`)) return null;
  const own = message.id && find(message.id);
  const article = own || bubble.cloneNode(true);
  article.classList.add(message.from);
  article.classList.remove("pending");
  if (message.id) article.dataset.id = message.id;
  const [who, kind] = article.querySelectorAll("header > *");
  who.textContent = message.who;
  kind.textContent = message.kind;
  article.querySelector(".body").replaceChildren(...message.blocks.map(block));
  const changes = article.querySelector(".changes");
  changes.hidden = !message.changes.length;
  changes.setAttribute("aria-label", message.changes_title);
  changes.querySelector("p").textContent = message.changes_title;
  changes.append(...message.changes.map(tapButton));
  article.querySelector("time").dateTime = message.at;
  place(article, message.seq);
  if (message.from === "responder") showState(article, stateText);
  showTimes(article);
  return own ? null : article;
}

// Shows the responder's own message before the server has it.
export function showPending(id, text, you) {
  const article = bubble.cloneNode(true);
  article.classList.add("responder", "pending");
  article.dataset.id = id;
  article.querySelector("header b").textContent = you;
  const lines = text.split("\n").map((words) => [[words]]);
  article.querySelector(".body").replaceChildren(block({ list: false, lines }));
  log.insertBefore(article, end);
  return article;
}

// Says what became of the responder's message; with `again` the words are a button that tries once more.
export function showState(article, text, again) {
  const state = article.querySelector(".state");
  if (!again) {
    state.textContent = text;
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", again);
  state.replaceChildren(button);
}
