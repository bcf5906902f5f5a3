// What every page shares: the key help, keys that are not typing, and where a switch leads back.
"use strict";

/** Whether a key event belongs to a field that is being typed in. */
function typing(event) {
  const at = event.target;
  return at instanceof HTMLElement
    && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
}

/** Registers what keys do: a map from key to function. Keys with Ctrl, Alt or Meta are left alone. */
function onKeys(map) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    if (typing(event) && event.key !== "Escape") return;
    const act = map[event.key];
    if (act && act(event) !== false) event.preventDefault();
  });
}

function toggleKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  if (dialog.open) dialog.close(); else dialog.showModal();
}

document.addEventListener("DOMContentLoaded", () => {
  for (const input of document.querySelectorAll("[data-here]")) input.value = location.pathname;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const chosen = document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-switch]")) {
    if (!chosen && dark) { button.value = "light"; button.textContent = "Light"; }
  }
  for (const button of document.querySelectorAll("[data-keys]")) {
    button.addEventListener("click", toggleKeys);
  }
  onKeys({ "?": toggleKeys });
});

// A swap takes away the field that had the focus: give it back to the one with the same id.
let focused = "";
document.addEventListener("htmx:before:swap", () => {
  const at = document.activeElement;
  focused = at && at.id ? at.id : "";
});
document.addEventListener("htmx:after:swap", () => {
  const at = document.activeElement;
  if (focused && (!at || at === document.body)) document.getElementById(focused)?.focus();
});
// An error that was shown is gone with the next thing that works.
document.addEventListener("htmx:before:request", () => {
  document.getElementById("problem")?.replaceChildren();
});
