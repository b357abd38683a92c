// Keeps what is typed into a form until it was stored: over reloads, lost lines and refused acts.
"use strict";

const Keep = (() => {
  const prefix = "desk:";
  const key = (form) => prefix + form.getAttribute("action");
  const kept = (input) => input.name && input.type !== "hidden" && input.type !== "password";

  function save(form) {
    const typed = [];
    for (const input of form.elements) {
      if (!kept(input)) continue;
      const ticked = input.type === "checkbox" || input.type === "radio";
      if (ticked ? input.checked : input.value !== input.defaultValue && input.value) typed.push([input.name, input.value]);
    }
    if (typed.length) sessionStorage.setItem(key(form), JSON.stringify(typed));
    else sessionStorage.removeItem(key(form));
  }

  function restore(root) {
    for (const form of root.querySelectorAll("form[data-keep]")) {
      const typed = JSON.parse(sessionStorage.getItem(key(form)) || "[]");
      for (const input of form.elements) {
        if (!kept(input)) continue;
        const values = typed.filter(([name]) => name === input.name).map(([, value]) => value);
        if (!values.length) continue;
        if (input.type === "checkbox" || input.type === "radio") input.checked = values.includes(input.value);
        else if (!input.value) input.value = values[0];
      }
      if (typed.length) form.closest("details")?.setAttribute("open", "");
    }
  }

  const forget = (form) => sessionStorage.removeItem(key(form));

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-keep]");
    if (form) save(form);
  });
  document.getElementById("sign-out")?.addEventListener("submit", () => {
    Object.keys(sessionStorage).filter((name) => name.startsWith(prefix)).forEach((name) => sessionStorage.removeItem(name));
  });

  const done = document.getElementById("done")?.dataset.done;
  for (const form of document.querySelectorAll("form[data-keep]")) if (done && form.dataset.keep === done) forget(form);
  restore(document);
  return { restore, forget };
})();
