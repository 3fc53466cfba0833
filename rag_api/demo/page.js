// Chips in answers lead to the marked words in the panel, and Escape leads back. A new question is
// scrolled to once, and its answer is told to screen readers once, when it is complete.
(() => {
  let origin = null;
  let turns = 0;
  let told = true;
  const teller = document.createElement("p");
  teller.className = "unseen";
  teller.setAttribute("role", "status");
  teller.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";

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
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const block = mark === card ? "start" : "center";
    mark.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
    (mark === card ? mark.querySelector("summary") : mark).focus({ preventScroll: true });
    return true;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-mark]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (show(link.dataset.mark)) origin = link;
    else if (!link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !origin?.isConnected || !event.target.closest("#panel")) return;
    origin.focus({ preventScroll: true });
    origin.scrollIntoView({ block: "center" });
  });

  // Gradio takes a field that it has emptied before for empty still.
  function empty(question) {
    const field = document.querySelector("#question textarea");
    if (field?.value.trim() !== question) return;
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  new MutationObserver(() => {
    const all = document.querySelectorAll("#log .turn");
    const last = all[all.length - 1];
    if (all.length > turns) {
      last.scrollIntoView({ block: "start" });
      empty(last.querySelector(".question").lastChild.textContent);
      told = false;
    }
    turns = all.length;
    if (last && !told && last.getAttribute("aria-busy") === "false") {
      told = true;
      if (!teller.isConnected) document.body.append(teller);
      teller.textContent = last.querySelector(".answer").innerText;
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
