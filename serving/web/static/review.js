// Coding review: evidence both ways, keys, search while typing. Offsets are code points of the note.
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  let chosen = "";

  /** The element of the note's text at a point of the page, with its own code point offset. */
  function pieceOf(node) {
    const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    return element?.closest("[data-begin]");
  }

  /** Code point offset in the note of a DOM position, or -1. */
  function offset(node, at) {
    const piece = pieceOf(node);
    if (!piece) return -1;
    const before = document.createRange();
    before.setStart(piece, 0);
    before.setEnd(node, at);
    return Number(piece.dataset.begin) + Array.from(before.toString()).length;
  }

  /** The marked words as [begin, end), without white space at either end; null if none. */
  function marked() {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    const note = $("#note");
    if (!note || !note.contains(range.commonAncestorContainer)) return null;
    let begin = -1, end = -1, text = "";
    for (const piece of all("[data-begin]", note)) {
      if (!range.intersectsNode(piece)) continue;
      const inside = document.createRange();
      inside.selectNodeContents(piece);
      if (range.compareBoundaryPoints(Range.START_TO_START, inside) > 0) inside.setStart(range.startContainer, range.startOffset);
      if (range.compareBoundaryPoints(Range.END_TO_END, inside) < 0) inside.setEnd(range.endContainer, range.endOffset);
      const words = inside.toString();
      if (!words) continue;
      const at = offset(inside.startContainer, inside.startOffset);
      if (at < 0) continue;
      const lead = words.length - words.trimStart().length;
      if (begin < 0 && words.trim()) begin = at + Array.from(words.slice(0, lead)).length;
      if (words.trim()) end = at + Array.from(words.trimEnd()).length;
      text += (text ? " " : "") + words.trim();
    }
    return begin >= 0 && end > begin ? { begin, end, text } : null;
  }

  const items = () => all("#suggestions .suggestion");
  const current = () => $("#suggestions .suggestion.chosen");

  /** Lights up what a list item rests on, and scrolls to the first words of it. */
  function light(element, scroll = true) {
    all("#note .lit").forEach((x) => x.classList.remove("lit"));
    if (!element) return;
    let first = null;
    const spans = (element.dataset.spans || "").split(" ").filter(Boolean)
      .map((x) => x.split("-").map(Number));
    for (const piece of all("#note [data-begin]")) {
      const begin = Number(piece.dataset.begin);
      const end = begin + Array.from(piece.textContent).length;
      if (spans.some(([b, e]) => b < end && e > begin)) {
        if (piece.matches("mark") || !spans.length) { piece.classList.add("lit"); first ||= piece; }
        else first ||= piece;
      }
    }
    if (first && scroll) {
      const box = first.getBoundingClientRect();
      if (box.top < 90 || box.bottom > innerHeight - 60) first.scrollIntoView({ block: "center" });
    }
  }

  function choose(item, { focus = true, scroll = true } = {}) {
    items().forEach((x) => { x.classList.toggle("chosen", x === item); x.removeAttribute("aria-current"); });
    if (!item) return;
    chosen = item.dataset.system + " " + item.dataset.code;
    item.setAttribute("aria-current", "true");
    if (focus) item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest" });
    light(item, scroll);
  }

  function move(step) {
    const list = items();
    if (!list.length) return;
    const at = list.indexOf(current());
    choose(list[at < 0 ? (step > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + step))]);
  }

  const press = (selector, root = document) => {
    const button = $(selector, root);
    if (button && !button.disabled) button.click();
  };

  function reject(item) {
    const form = $("#reasons");
    if (!item || $("[data-do=reject]", item)?.disabled) return;
    close();
    form.elements.system.value = item.dataset.system;
    form.elements.code.value = item.dataset.code;
    $("[data-which]", form).textContent = item.dataset.code;
    item.append(form);
    form.hidden = false;
    $("[data-do=reject]", item).setAttribute("aria-expanded", "true");
    $("button", form).focus();
    form.scrollIntoView({ block: "nearest" });
  }

  function search(kind, { item = null, words = null } = {}) {
    const form = $("#search");
    if (!form) return;
    close();
    const set = (name, value) => { form.elements[name].value = value ?? ""; };
    set("kind", kind); set("code", ""); set("system", "");
    set("begin", words?.begin); set("end", words?.end);
    set("replaces", item ? item.dataset.system + " " + item.dataset.code : "");
    const purpose = kind === "replace" ? "Replace " + item.dataset.code + " by"
      : words ? "Add a code for “" + words.text.slice(0, 60) + "”" : "Search (mark words first to add a code)";
    $("[data-purpose]", form).textContent = purpose;
    if (item) item.after(form);
    form.hidden = false;
    const q = $("#q");
    q.value = words ? words.text.slice(0, 60) : "";
    q.focus();
    q.select();
    find();
    form.scrollIntoView({ block: "nearest" });
  }

  function close() {
    for (const id of ["reasons", "search"]) {
      const form = document.getElementById(id);
      if (form) form.hidden = true;
    }
    all("[aria-expanded=true][data-do]").forEach((x) => x.setAttribute("aria-expanded", "false"));
  }

  let asked = 0;
  let waiting = 0;
  function find() {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const q = $("#q");
      if (!q) return;
      const mine = ++asked;
      const query = new URLSearchParams({ q: q.value, system: $("#which-system").value });
      const answer = await fetch(q.dataset.url + "?" + query, { headers: { "HX-Request": "true" } });
      if (mine !== asked || !answer.ok) return;
      const found = $("#found");
      if (!found) return;
      found.innerHTML = await answer.text();
      pick(0);
    }, 90);
  }

  const options = () => all("#results [data-code]");
  function pick(at) {
    const list = options();
    list.forEach((x, i) => x.setAttribute("aria-selected", String(i === at)));
    $("#q")?.setAttribute("aria-activedescendant", list[at]?.id ?? "");
    list[at]?.scrollIntoView({ block: "nearest" });
  }
  const picked = () => options().findIndex((x) => x.getAttribute("aria-selected") === "true");

  function take(option) {
    const form = $("#search");
    if (!option || !form) return;
    if (form.elements.kind.value === "add" && !form.elements.begin.value) {
      $("[data-purpose]", form).textContent = "Mark the words that support " + option.dataset.code + " in the note, then press n";
      return;
    }
    form.elements.system.value = option.dataset.system;
    form.elements.code.value = option.dataset.code;
    form.requestSubmit();
  }

  let last = null;
  document.addEventListener("selectionchange", () => { last = marked() || last; });

  document.addEventListener("input", (event) => { if (event.target.id === "q") find(); });
  document.addEventListener("change", (event) => { if (event.target.id === "which-system") find(); });
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "q") {
      const at = picked(), count = options().length;
      if (event.key === "ArrowDown") { pick(Math.min(count - 1, at + 1)); event.preventDefault(); }
      if (event.key === "ArrowUp") { pick(Math.max(0, at - 1)); event.preventDefault(); }
      if (event.key === "Enter") { take(options()[at]); event.preventDefault(); }
    }
    const form = $("#reasons");
    if (form && !form.hidden && /^[1-9]$/.test(event.key) && !typing(event)) {
      const button = $('[data-number="' + event.key + '"]', form);
      if (button) { button.click(); event.preventDefault(); }
    }
  });

  document.addEventListener("click", (event) => {
    const at = event.target instanceof Element ? event.target : null;
    if (!at) return;
    const option = at.closest("#results [data-code]");
    if (option) { take(option); return; }
    const item = at.closest(".suggestion");
    const action = at.closest("[data-do]")?.dataset.do;
    if (item && action === "reject") { choose(item, { focus: false }); reject(item); return; }
    if (item && action === "replace") { choose(item, { focus: false }); search("replace", { item }); return; }
    if (item && !at.closest("button, form")) { choose(item); return; }
    const beside = at.closest(".findings li, .chosen li");
    if (beside) { items().forEach((x) => x.classList.remove("chosen")); light(beside); return; }
    const word = at.closest("#note mark");
    if (word && getSelection().isCollapsed) {
      const keys = word.dataset.keys.split(" ");
      const open = items().filter((x) => keys.includes(x.id));
      const next = open[(open.indexOf(current()) + 1) % open.length];
      if (next) choose(next, { focus: false, scroll: false });
      else light(document.getElementById(keys[0]), false);
      all(".suggestion.touched").forEach((x) => x.classList.remove("touched"));
      open.forEach((x) => x.classList.add("touched"));
    }
  });

  document.addEventListener("DOMContentLoaded", () => {
    onKeys({
      j: () => move(1),
      k: () => move(-1),
      a: () => { const item = current(); if (item) press("[data-do=accept]", item); },
      r: () => reject(current()),
      e: () => { const item = current(); if (item) search("replace", { item }); },
      n: () => { const words = marked() || last; if (words) search("add", { words }); else search("add"); },
      "/": () => search("add", { words: marked() }),
      u: () => press("[data-undo]"),
      s: () => {
        const error = $("[data-error]");
        if (error) { error.focus(); error.scrollIntoView({ block: "center" }); }
        else press("[data-submit]");
      },
      g: () => { const next = $("#panel")?.dataset.next; if (next) location.assign("/review/" + next); },
      Escape: (event) => {
        const open = all("#reasons, #search").some((x) => !x.hidden);
        if (!open && !typing(event)) return false;
        close();
        event.target.blur?.();
        current()?.focus({ preventScroll: true });
      },
    });
    choose(items().find((x) => x.dataset.status === "pending") || items()[0], { focus: false, scroll: false });
  });

  // After a decision: on to the next suggestion that is not decided.
  document.addEventListener("htmx:after:swap", (event) => {
    if (!document.getElementById("panel")) return;
    const list = items();
    const at = list.findIndex((x) => x.dataset.system + " " + x.dataset.code === chosen);
    if ($("#conflict") || !list.length) return;
    last = null;
    const here = list[at];
    const later = list.slice(at + 1).find((x) => x.dataset.status === "pending" && !x.classList.contains("hatched"));
    const keep = !here || here.dataset.status === "pending" ? here : later || here;
    if (document.activeElement === document.body || !document.activeElement) choose(keep || list[0]);
    else choose(keep || list[0], { focus: false });
  });
})();
