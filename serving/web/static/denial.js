// A denial's page: t takes it, p makes the packet, l, f, n, o lead to letter, fields, note, outcome.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const press = (selector) => document.querySelector(selector)?.click();
  const to = (selector) => document.querySelector(selector)?.focus();
  onKeys({
    t: () => press("[data-take]"),
    p: () => press("[data-packet]"),
    l: () => to("#letter"),
    f: () => {
      const details = document.querySelector("[data-fields]");
      if (details) details.open = true;
      to("#claim input.value");
    },
    n: () => to("#note"),
    o: () => to("#outcome"),
    Escape: (event) => {
      if (typing(event)) event.target.blur();
      else press("[data-back]");
    },
  });
});
