// A rule's page: a accepts, d dismisses (after the reason), Esc leads back.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  onKeys({
    a: () => document.querySelector("[data-accept]")?.click(),
    d: () => {
      const reason = document.getElementById("reason");
      if (reason && !reason.value) reason.focus();
      else document.querySelector("[data-dismiss]")?.click();
    },
    Escape: (event) => {
      if (typing(event)) event.target.blur();
      else document.querySelector("[data-back]")?.click();
    },
  });
});
