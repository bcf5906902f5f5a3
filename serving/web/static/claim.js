// A claim's page: j and k go through the fields, f to the fixes, u takes back, x exports.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const fields = () => Array.from(document.querySelectorAll("#claim input.value"));
  const move = (step) => {
    const all = fields();
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step));
    all[next]?.focus();
  };
  const press = (selector) => {
    const button = document.querySelector(selector);
    if (button && !button.disabled) button.click();
  };
  onKeys({
    j: () => move(1),
    k: () => move(-1),
    f: () => document.querySelector("[data-fix]")?.focus(),
    u: () => press("[data-undo]"),
    x: () => press("[data-export]"),
    Escape: (event) => {
      if (typing(event)) { event.target.blur(); return; }
      document.querySelector("[data-back]")?.click();
    },
  });
});
