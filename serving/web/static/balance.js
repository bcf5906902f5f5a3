// Balances: w writes, l s p y x n lead to letter, sending, plan, payment, stops, notes; u and b change lists.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const press = (selector) => document.querySelector(selector)?.click();
  const to = (selector) => document.querySelector(selector)?.focus();
  onKeys({
    w: () => press("[data-write]"),
    l: () => to("#letter"),
    s: () => to("#way"),
    p: () => to("#instalments"),
    y: () => to("#amount"),
    x: () => {
      const details = document.querySelector("[data-stops]");
      if (details) details.open = true;
      to("#stop");
    },
    n: () => to("#note"),
    u: () => press("[data-unanswered]"),
    b: () => press("[data-balances]"),
    Escape: (event) => {
      if (typing(event)) event.target.blur();
      else press("[data-back]");
    },
  });
});
