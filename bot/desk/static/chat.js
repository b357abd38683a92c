// Sends the officer's message without leaving the page, and says whether it was stored.
"use strict";

(() => {
  let sending = false;
  const fresh = () => crypto.randomUUID?.() ?? String(Date.now()) + Math.random().toString(16).slice(2);

  document.addEventListener("click", (event) => {
    const phrase = event.target.closest("[data-phrase]");
    if (!phrase) return;
    const box = document.getElementById("text");
    box.value = (box.value ? box.value.trimEnd() + " " : "") + phrase.textContent;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    document.getElementById("canned").open = false;
    box.focus();
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.id !== "say") return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    const note = document.getElementById("sent"), box = form.elements.text, text = box.value;
    note.className = "";
    note.textContent = "Sending…";
    try {
      const answer = await fetch(form.action, {
        method: "POST", credentials: "same-origin", headers: { Accept: "application/json", "X-Live": "1" },
        body: new URLSearchParams(new FormData(form)),
      });
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(said.error?.text ?? "");
      if (box.value === text) box.value = "";
      Keep.forget(form);
      // A new message gets a new id; an unanswered one keeps its own, so that trying again cannot store it twice.
      form.elements.own_id.value = fresh();
      note.textContent = said.done;
      Live.refresh();
    } catch (error) {
      note.className = "bad";
      note.textContent = (error instanceof TypeError || !error.message ? "Not stored: the line is lost." : error.message) + " Your text is still here.";
    } finally { sending = false; }
  });
})();
