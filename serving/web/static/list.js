// Lists: j and k go through the rows, Enter opens, / and c lead to filters and capacity.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const links = () => Array.from(document.querySelectorAll("[data-list] .rowlink"));
  const move = (step) => {
    const all = links();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement);
    const next = at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step));
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  };
  onKeys({
    j: () => move(1),
    k: () => move(-1),
    "/": () => document.querySelector(".filters select, .filters input")?.focus(),
    c: () => document.getElementById("capacity")?.select(),
  });
});
