// Chips in answers lead to the marked words in the panel, and Escape leads back. A new question is
// scrolled to once, and its answer is told to screen readers once, when it is complete. Pages of
// PDFs are fetched when they are unfolded, as they are with a citation on them.
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
    const page = card?.querySelector(`details.page[data-marks~="${target.split("-")[2]}"]`);
    if (page) page.open = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const block = mark === card ? "start" : "center";
    mark.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
    (mark === card ? mark.querySelector("summary") : mark).focus({ preventScroll: true });
    return true;
  }

  async function draw(page) {
    const url = page.dataset.picture;
    const note = page.querySelector(".note");
    delete page.dataset.picture;
    note.textContent = "The page is being drawn…";
    try {
      const response = await fetch(url);
      if (!response.ok) {
        const told = await response.json().catch(() => ({ detail: `status ${response.status}` }));
        throw new Error(told.detail);
      }
      await response.blob();
      const picture = new Image();
      picture.alt = page.dataset.alt;
      picture.src = url;
      await picture.decode();
      note.before(picture);
      const share = Number(response.headers.get("X-Marked-Share") ?? 1);
      const missing = share ? "Some of the cited words were" : "The cited words were";
      note.textContent = share < 0.9 ? `${missing} not found on the page as it is drawn: they are not marked.` : "";
    } catch (error) {
      page.dataset.picture = url; // whoever unfolds it again tries again
      note.textContent = `This page cannot be shown: ${error.message}.`;
    }
  }

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.open && event.target.dataset.picture) draw(event.target);
    },
    true,
  );

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
