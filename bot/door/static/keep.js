// The dialog in which a responder keeps the case under a code, without leaving the chat.
export function keepDialog(trouble) {
  const dialog = document.getElementById("keep");
  const form = dialog.querySelector("form");
  const [ask, kept] = [form.querySelector(".ask"), form.querySelector(".kept")];
  const notice = ask.querySelector(".notice");
  const opener = document.getElementById("keep-open");
  if (!dialog.show) return; // an old browser follows the link to the page that does the same

  opener.addEventListener("click", (event) => {
    event.preventDefault();
    opener.closest("details").open = false;
    form.reset();
    notice.hidden = kept.hidden = true;
    ask.hidden = false;
    dialog.show();
  });
  form.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && dialog.close());
  dialog.addEventListener("close", () => {
    form.reset();
    opener.closest("details").querySelector("summary").focus();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!kept.hidden) return;
    let text = trouble;
    try {
      const response = await fetch("/chat/keep", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ code: form.elements.code.value }),
      });
      const body = await response.json();
      if (response.ok) {
        form.querySelector("[data-number]").textContent = body.number;
        form.querySelector("[data-reference]").textContent = body.reference ?? "";
        form.querySelector("[data-reference-line]").hidden = !body.reference;
        ask.hidden = true;
        kept.hidden = false;
        kept.focus();
        return;
      }
      text = body.error.text;
    } catch {
      // The words for a broken line stand already.
    }
    notice.textContent = text;
    notice.hidden = false;
  });
}
