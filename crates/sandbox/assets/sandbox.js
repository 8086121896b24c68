// Keeps the panels fresh and sends forms without leaving the page. Without this script every form still works.
"use strict";
(() => {
  const lang = document.documentElement.lang;
  const panels = [...document.querySelectorAll("[data-fragment]")];
  const shown = new Map();

  // Typing and choosing in a panel must not be undone by a refresh.
  const busy = panel => {
    const active = document.activeElement;
    return panel.contains(active) && active.matches("input, select, textarea");
  };

  const replace = (panel, html) => {
    if (shown.get(panel) === html) return;
    shown.set(panel, html);
    const open = new Map([...panel.querySelectorAll("details[id]")].map(fold => [fold.id, fold.open]));
    const focused = panel.contains(document.activeElement) ? path(panel, document.activeElement) : null;
    panel.innerHTML = html;
    for (const fold of panel.querySelectorAll("details[id]")) {
      if (open.has(fold.id)) fold.open = open.get(fold.id);
    }
    if (focused) panel.querySelectorAll("button, a, summary")[focused.at]?.focus({ preventScroll: true });
  };
  const path = (panel, element) => ({ at: [...panel.querySelectorAll("button, a, summary")].indexOf(element) });

  const refresh = async (panel, force) => {
    if (!force && busy(panel)) return;
    try {
      const answer = await fetch(`/fragments/${panel.dataset.fragment}?lang=${lang}`);
      if (answer.ok && (force || !busy(panel))) replace(panel, await answer.text());
    } catch {
      // The sandbox is stopping or starting; the next round will tell.
    }
  };

  const poll = async () => {
    if (!document.hidden) {
      await Promise.all(panels.filter(panel => "poll" in panel.dataset).map(panel => refresh(panel, false)));
    }
    setTimeout(poll, 1000);
  };
  setTimeout(poll, 1000);

  let silence;
  const say = (...nodes) => {
    const place = document.getElementById("said");
    place.replaceChildren(...nodes);
    clearTimeout(silence);
    silence = setTimeout(() => place.replaceChildren(), 6000);
  };

  document.addEventListener("submit", async event => {
    const form = event.target;
    if ("plain" in form.dataset) return;
    event.preventDefault();
    const button = event.submitter;
    const data = new FormData(form, button);
    if (button) button.disabled = true;
    try {
      // Not form.action: a button of that name would be meant.
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(data) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const said = page.getElementById("said");
      if (said) say(...said.childNodes);
    } finally {
      if (button) button.disabled = false;
    }
    if (document.activeElement?.matches("select, input")) document.activeElement.blur();
    await Promise.all(panels.map(panel => refresh(panel, true)));
  });

  const slider = document.getElementById("hours");
  const output = document.querySelector("output[for=hours]");
  slider?.addEventListener("input", () => { output.value = slider.value; });
})();
