"use strict";
// A page that the browser kept, and shows again after its back button, is out of date.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

// Follows an order: asks once a second whether it has changed, and then shows it anew. Without this script the page
// reloads itself as long as something is open.
(async function () {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (;;) {
    const shown = document.getElementById("order");
    if (!shown) return;
    await wait(shown.hasAttribute("data-open") ? 700 : 2500);
    const active = document.activeElement;
    if (document.hidden || (shown.contains(active) && active.matches("input"))) continue; // somebody is typing
    try {
      const answer = await fetch("/orders/" + shown.dataset.order + "/version");
      if (!answer.ok || (await answer.text()) === shown.dataset.version) continue;
      const page = new DOMParser().parseFromString(await (await fetch("/orders/" + shown.dataset.order)).text(), "text/html");
      const fresh = page.getElementById("order");
      if (!fresh) continue;
      shown.replaceWith(document.adoptNode(fresh));
      document.title = page.title;
      document.getElementById("news").textContent = page.title; // for those who listen to the page
    } catch {
      // The shop cannot be reached for now.
    }
  }
})();
