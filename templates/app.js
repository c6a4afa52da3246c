"use strict";
// Conveniences only: every page is whole without this.
(() => {
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const typing = (target) => target instanceof Element && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  let at = -1;

  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    at = Math.min(Math.max(at + step, 0), all.length - 1);
    const link = all[at].querySelector("a[href]");
    if (link) link.focus();
  };
  const mark = () => {
    const row = document.activeElement && document.activeElement.closest("[data-row]");
    const box = row && row.querySelector("input[type=checkbox]");
    if (box) box.click();
  };
  const jump = (id) => {
    const place = document.getElementById(id);
    if (place) { place.scrollIntoView(); place.focus(); }
  };

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest && event.target.closest("[data-row]");
    if (row) at = rows().indexOf(row);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const acts = { j: () => go(1), k: () => go(-1), x: mark, r: () => jump("release"), "/": () => jump("search"), "?": () => jump("keys") };
    const act = acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
  for (const all of document.querySelectorAll("input[data-all]")) {
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of document.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
    });
  }
})();
