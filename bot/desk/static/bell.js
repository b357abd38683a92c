// Rings while anything is unclaimed, flashes the title, and says in red when the browser mutes the page.
"use strict";

(() => {
  const title = document.title, muted = document.getElementById("muted"), announce = document.getElementById("announce");
  const audio = new AudioContext();
  let ring = null, ringsFor = "", mayRing = !navigator.locks, asked = false, pressed = false, waiting = Number(bell().dataset.ringing);

  function bell() { return document.getElementById("bell"); }

  // A looped buffer goes on in a tab that the browser has slowed down; timers would not.
  function tones(danger) {
    const seconds = danger ? 2 : 4, rate = audio.sampleRate, buffer = audio.createBuffer(1, seconds * rate, rate);
    const data = buffer.getChannelData(0);
    const notes = danger ? [[0, 880], [.22, 660], [.44, 880], [.66, 660]] : [[0, 660], [.3, 880]];
    for (const [start, hertz] of notes) {
      const length = Math.floor(.2 * rate);
      for (let i = 0; i < length; i++) {
        const fade = Math.min(1, i / 400, (length - i) / 1200);
        data[Math.floor(start * rate) + i] += .35 * fade * Math.sin(2 * Math.PI * hertz * i / rate);
      }
    }
    return buffer;
  }

  function play(danger, loop) {
    const node = audio.createBufferSource();
    node.buffer = tones(danger);
    node.loop = loop;
    node.connect(audio.destination);
    node.start();
    return node;
  }

  function hush() { ring?.stop(); ring = null; ringsFor = ""; document.body.dataset.ringing = "no"; }

  // Of several open desk pages that can sound, one does.
  function askToRing() {
    if (mayRing || asked || audio.state !== "running") return;
    asked = true;
    navigator.locks.request("firstline-bell", () => { mayRing = true; update(); return new Promise(() => {}); });
  }

  function update() {
    const count = Number(bell().dataset.ringing), danger = Number(bell().dataset.danger) > 0;
    // Never while a button is pressed: the page would move, and the click would fall beside it.
    if (!pressed) muted.hidden = audio.state === "running" || Live.signedOut();
    askToRing();
    const wanted = count && mayRing && audio.state === "running" && !Live.signedOut() ? (danger ? "danger" : "calm") : "";
    if (wanted !== ringsFor) {
      hush();
      if (wanted) { ring = play(danger, true); ringsFor = wanted; document.body.dataset.ringing = wanted; }
    }
    if (count > waiting) announce.textContent = bell().textContent.trim().replace(/\s+/g, " ");
    waiting = count;
    flash();
  }

  let lit = false;
  function flash() {
    const count = Number(bell().dataset.ringing);
    lit = count > 0 && !lit;
    document.title = count ? `${lit ? "●" : "○"} (${count}) ${Number(bell().dataset.danger) ? "DANGER" : "waiting"} · ${title}` : title;
  }

  async function enable() { await audio.resume(); update(); }

  document.getElementById("unmute").addEventListener("click", enable);
  document.getElementById("test-sound").addEventListener("click", async () => {
    await audio.resume();
    if (!ring) play(false, false);
    update();
  });
  document.addEventListener("pointerdown", () => { pressed = true; }, true);
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => { pressed = false; setTimeout(update); }, true);
  for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, () => { if (audio.state !== "running") enable(); });
  audio.addEventListener("statechange", update);
  Live.changed(update);
  setInterval(flash, 1000);
  hush();
  update();
})();
