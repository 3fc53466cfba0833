// Chips in answers lead to the marked words in the panel, and Escape or a button leads back. A new
// question and its answer are kept in view while it grows, unless its reader scrolls, and the answer
// is told to screen readers once, when it is complete.
// What is done here while an answer grows is done ten times a second, beside all that was written.
(() => {
  let origin = null;
  let turns = 0;
  let busy = false;
  const settled = new WeakSet();
  const teller = document.createElement("p");
  teller.setAttribute("role", "status");
  teller.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";

  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  function show(target) {
    const mark = document.getElementById(target);
    if (!mark) return false;
    const sources = mark.closest("section.sources");
    for (const section of document.querySelectorAll("section.sources")) {
      section.hidden = section !== sources;
    }
    const card = mark.closest("details");
    if (card) card.open = true;
    for (const other of document.querySelectorAll("#panel .current")) {
      other.classList.remove("current");
    }
    mark.classList.add("current");
    const page = card?.querySelector(`details.page[data-marks~="${target.split("-")[2]}"]`);
    if (page) page.open = true;
    const block = mark === card ? "start" : "center";
    mark.scrollIntoView({ block, behavior: calm() ? "auto" : "smooth" });
    (mark === card ? mark.querySelector("summary") : mark).focus({ preventScroll: true });
    return true;
  }

  function goBack() {
    if (!origin?.isConnected) return;
    origin.focus({ preventScroll: true });
    origin.scrollIntoView({ block: "center" });
  }

  // What Gradio's markup lacks: a name that holds what is seen, whether a part is open, and the
  // page's language, which it takes from the browser.
  function mend() {
    document.documentElement.lang = "en";
    document.querySelector("#add .upload-container[aria-label]")?.removeAttribute("aria-label");
    const add = adding();
    add?.querySelector(".icon").setAttribute("aria-hidden", "true");
    add?.setAttribute("aria-expanded", add.classList.contains("open"));
  }

  const adding = () => document.querySelector("#add > .label-wrap");
  const closeAdding = () => adding()?.classList.contains("open") && adding().click();
  // Files are sent: what becomes of them is told where the opened part would lie over it.
  window.demoSent = () => {
    if (document.activeElement?.closest("#add")) adding().focus();
    closeAdding();
  };

  document.addEventListener("click", (event) => {
    requestAnimationFrame(mend);
    if (event.isTrusted && !event.target.closest("#add")) closeAdding();
    if (event.target.closest("#back")) return goBack();
    const link = event.target.closest("a[data-mark]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (show(link.dataset.mark)) {
      origin = link;
      document.getElementById("back").hidden = false;
    } else if (!link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (event.target.closest("#panel")) goBack();
    if (!event.target.closest("#add")) return;
    closeAdding();
    adding().focus();
  });

  // Who uses keys stays where things go on when the button that was pressed is gone.
  let held = null;
  document.addEventListener("focusin", ({ target }) => {
    held = target.matches("button:focus-visible") ? target : null;
  });
  function keepFocus() {
    if (!held || held.isConnected || document.activeElement !== document.body) return;
    held = null;
    document.querySelector("#question textarea")?.focus();
  }

  // Gradio takes a field that it has emptied before for empty still.
  function empty(question) {
    const field = document.querySelector("#question textarea");
    if (field?.value.trim() !== question) return;
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // The marked words are seen at once, wherever in the passage they stand.
  function settle() {
    for (const text of document.querySelectorAll("#panel section:not([hidden]) .card[open] .text")) {
      const mark = text.querySelector("mark");
      if (!mark || settled.has(text) || !text.clientHeight) continue;
      settled.add(text);
      const down = mark.getBoundingClientRect().top - text.getBoundingClientRect().top;
      text.scrollTop += down - text.clientHeight / 3;
    }
  }
  document.addEventListener("toggle", settle, true);

  // As far as it takes to see the end of the answer, and no further than to its beginning.
  const BELOW = 100; // pixels for the button that comes there
  const ABOVE = 16;
  const SETTLING = 500; // milliseconds until what stands below a complete answer is there
  let following = false;
  for (const own of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    const stay = ({ target }) => (following &&= own === "keydown" && target.matches("textarea"));
    document.addEventListener(own, stay, { passive: true, capture: true });
  }
  function follow(turn) {
    const long = turn.querySelector(".question").offsetHeight > innerHeight / 2;
    const first = (long ? turn.querySelector(".answer") : turn).getBoundingClientRect().top;
    const end = turn.getBoundingClientRect().bottom + BELOW;
    const hidden = end + document.getElementById("composer").offsetHeight - innerHeight;
    const down = Math.min(first - ABOVE, hidden);
    if (down > 0) scrollBy({ top: down, behavior: "instant" });
  }

  function tell(text) {
    if (!teller.isConnected) document.body.append(teller);
    teller.textContent = text;
  }

  new MutationObserver(() => {
    mend();
    settle();
    keepFocus();
    const all = document.querySelectorAll("#log .turn");
    const last = all[all.length - 1];
    if (all.length > turns) {
      const ended = document.querySelector("#job .job:not(:has(progress))");
      if (ended) ended.hidden = true;
      following = true;
      empty(last.querySelector(".question").lastChild.textContent);
    }
    turns = all.length;
    document.getElementById("both")?.classList.toggle("begun", turns > 0);
    const isBusy = last?.getAttribute("aria-busy") === "true";
    if (following) follow(last);
    if (following && !isBusy) setTimeout(() => (following = false), SETTLING);
    if (isBusy && !busy) tell("Answering…");
    if (busy && !isBusy && last) tell(last.querySelector(".answer").innerText);
    busy = isBusy;
  }).observe(document.documentElement, { attributeFilter: ["aria-busy"], childList: true, subtree: true });
})();
