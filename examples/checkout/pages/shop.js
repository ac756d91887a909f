"use strict";
// A page that the browser kept, and shows again after its back button, is out of date.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// A second press of a button does nothing while the first is on its way.
addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});

// Follows what the page shows: asks once a second whether it has changed, and then shows it anew. What somebody has typed
// or chosen stays, and so does the focus. Without this script the page reloads itself as long as something is open.
(async function () {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  let composing = false;
  addEventListener("compositionstart", () => { composing = true; });
  addEventListener("compositionend", () => { composing = false; });

  const keep = (shown, fresh) => {
    for (const old of shown.querySelectorAll("input[id], details[id]")) {
      const now = fresh.querySelector("#" + CSS.escape(old.id));
      if (!now) continue;
      if (old.matches("details")) now.open = old.open || now.open;
      else if (old.type === "radio") { if (old.checked !== old.defaultChecked) now.checked = old.checked; }
      else if (old.value !== old.defaultValue) now.value = old.value;
    }
  };

  for (;;) {
    const shown = document.getElementById("live");
    if (!shown) return;
    await wait(shown.hasAttribute("data-open") ? 700 : 2500);
    if (document.hidden || composing) continue;
    try {
      const answer = await fetch(shown.dataset.watch);
      if (!answer.ok || (await answer.text()) === shown.dataset.version) continue;
      const page = new DOMParser().parseFromString(await (await fetch(location.pathname)).text(), "text/html");
      const fresh = page.getElementById("live");
      if (!fresh || shown.querySelector("form[data-sent]")) continue; // what was sent brings a new page
      keep(shown, fresh);
      const active = document.activeElement;
      const inside = shown.contains(active);
      const selected = inside && active.matches("input:not([type=radio])") ? [active.selectionStart, active.selectionEnd] : null;
      shown.replaceWith(document.adoptNode(fresh));
      if (inside) {
        const again = (active.id && document.getElementById(active.id)) || document.getElementById("state");
        again?.focus({ preventScroll: true });
        if (selected && again?.setSelectionRange) again.setSelectionRange(...selected);
      }
      if (document.title !== page.title) {
        document.title = page.title;
        document.getElementById("news").textContent = page.title; // for those who listen to the page
      }
    } catch {
      // The shop cannot be reached for now.
    }
  }
})();
