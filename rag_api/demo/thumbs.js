// Thumbs below answers. What a reader pressed is kept in this browser and handed to the page by a
// hidden button, one after the other; what came of it comes back in a hidden part of the page.
// Gradio draws answers anew whenever one grows: what belongs to a thumb is put back each time.
(() => {
  const STORED = "rag-demo/thumbs";
  const MOST = 500;
  const PATIENCE = 30_000; // milliseconds
  const ASKED = { up: "What was good about it?", down: "What was wrong, or missing?" };
  const LOST = "Your rating was not kept. The page does not answer; load it again.";

  const pressed = read();
  const after = new Map(); // what stands below the buttons, by the answer's run
  const waiting = [];
  let count = Date.now();
  let sent = null;
  let clock = 0;
  let focused = null;

  function read() {
    try {
      return new Map(JSON.parse(localStorage.getItem(STORED)) ?? []);
    } catch {
      return new Map(); // it is forbidden, or not ours
    }
  }

  function press(run, rating) {
    pressed.delete(run);
    if (rating) pressed.set(run, rating);
    while (pressed.size > MOST) pressed.delete(pressed.keys().next().value);
    try {
      localStorage.setItem(STORED, JSON.stringify([...pressed]));
    } catch (error) {
      console.warn("thumbs:", error.message); // they are shown until the page is closed
    }
  }

  function send(given) {
    waiting.push({ comment: null, ...given, before: pressed.get(given.run) ?? null });
    press(given.run, given.rating);
    drawAll();
    if (!sent) next();
  }

  function next() {
    sent = waiting.shift() ?? null;
    if (!sent) return;
    const { before, ...given } = sent;
    window.demoThumb = JSON.stringify({ ...given, count: (count += 1) });
    clock = setTimeout(() => end({ ...sent, said: LOST, failed: true }), PATIENCE);
    document.getElementById("rate")?.click();
  }

  function end({ run, rating, comment, said, failed }) {
    clearTimeout(clock);
    const before = sent?.before ?? null;
    sent = null;
    const later = waiting.some((one) => one.run === run);
    if (failed && !later) press(run, before);
    if (!later) tell(run, said, failed, !failed && rating && !comment ? rating : null);
    if (failed && comment) tell(run, said, failed, rating, comment);
    drawAll();
    after.get(run)?.scrollIntoView({ block: "nearest" }); // the line to ask on may lie over it
    next();
  }

  function make(tag, values, ...children) {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...children);
    return element;
  }

  function tell(run, said, failed, rating, comment = "") {
    const sentence = make("p", { textContent: said, className: failed ? "fault" : "note" });
    sentence.setAttribute("role", failed ? "alert" : "status");
    const below = make("div", { className: "after" }, sentence);
    if (rating) below.append(makeForm(run, rating, comment));
    after.set(run, below);
  }

  function makeForm(run, rating, comment) {
    const field = make("textarea", { value: comment, maxLength: 4000, rows: 2 });
    const label = make("label", {}, `${ASKED[rating]} (optional)`, field);
    const form = make("form", {}, label, make("button", { textContent: "Send comment" }));
    form.onsubmit = (event) => {
      event.preventDefault();
      if (field.value.trim()) send({ run, rating, comment: field.value.trim() });
    };
    form.onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    };
    return form;
  }

  function draw(box) {
    const { run } = box.dataset;
    for (const button of box.querySelectorAll("button[data-thumb]")) {
      const on = String(pressed.get(run) === button.dataset.thumb);
      if (button.getAttribute("aria-pressed") !== on) button.setAttribute("aria-pressed", on);
    }
    const below = after.get(run);
    const shown = box.querySelector(".after");
    if (shown !== (below ?? null)) {
      shown?.remove();
      if (below) box.append(below);
    }
  }

  function drawAll() {
    document.querySelectorAll("#log .thumbs").forEach(draw);
    if (!focused || document.activeElement !== document.body) return;
    const again = focused.part.isConnected
      ? focused.part
      : document.querySelector(
          `.thumbs[data-run="${CSS.escape(focused.run)}"] [data-thumb="${focused.thumb}"]`,
        );
    again?.focus({ preventScroll: true });
  }

  document.addEventListener("focusin", ({ target }) => {
    const box = target.closest(".thumbs");
    focused = box && { part: target, run: box.dataset.run, thumb: target.dataset.thumb };
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".thumbs button[data-thumb]");
    if (!button) return;
    const { run } = button.closest(".thumbs").dataset;
    const { thumb } = button.dataset;
    send({ run, rating: pressed.get(run) === thumb ? null : thumb });
  });

  let last = "";
  new MutationObserver(() => {
    const told = document.querySelector("#rated [data-rated]")?.dataset.rated;
    if (told && told !== last) {
      last = told;
      end(JSON.parse(told));
    }
    drawAll();
  }).observe(document.documentElement, {
    attributeFilter: ["data-rated", "data-run"],
    childList: true,
    subtree: true,
  });
})();
