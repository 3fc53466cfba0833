// Conversations, kept in this browser alone: an entry of localStorage each. The server draws each
// turn that is to be kept into #kept; whoever opens a conversation hands all of it back.
(() => {
  const PREFIX = "rag-demo/1/"; // another format gets another number
  const CURRENT = "rag-demo/current";
  const CHOICE = "rag-demo/choice";
  const MOST_CHARACTERS = 4_000_000; // of all together: browsers keep some 5 million for a site
  const MOST_BYTES = 1_500_000; // of one: the server takes 2 MiB, and quotes it once more
  const LONGEST_NAME = 80;
  const UNREADABLE = "A conversation that cannot be read";

  const SAYING = {
    dropped: "The oldest conversations were deleted: there was no room for them any more.",
    shortened: "The first questions of a very long conversation were deleted.",
    full: "There is no room in this browser: the newest answer is not kept.",
    closed: "This browser keeps nothing for this page: conversations are gone when the page is closed.",
  };
  let said = "";

  // Both may be forbidden, in private windows and by settings.
  function use(storage, work) {
    try {
      return work(window[storage]);
    } catch (error) {
      if (error.name !== "QuotaExceededError") said = SAYING.closed;
      console.warn("conversations:", error.message);
      return null;
    }
  }

  const keys = () =>
    use("localStorage", (all) => Object.keys(all).filter((key) => key.startsWith(PREFIX))) ?? [];
  const textOf = (id) => use("localStorage", (all) => all.getItem(PREFIX + id)) ?? "";
  const remove = (id) => use("localStorage", (all) => all.removeItem(PREFIX + id));
  const currentId = () => use("sessionStorage", (all) => all.getItem(CURRENT)) ?? "";
  const setCurrent = (id) => use("sessionStorage", (all) => all.setItem(CURRENT, id));

  function read(id) {
    try {
      const kept = JSON.parse(textOf(id));
      const sound = kept?.version === 1 && Array.isArray(kept.turns) && kept.turns.length > 0;
      return sound ? { ...kept, id, name: String(kept.name), at: Number(kept.at) || 0 } : null;
    } catch {
      return null; // it stays in the list, to be deleted
    }
  }

  const list = () =>
    keys()
      .map((key) => key.slice(PREFIX.length))
      .map((id) => read(id) ?? { id, name: UNREADABLE, at: 0, turns: [] })
      .sort((one, other) => other.at - one.at);

  function shorten(kept) {
    let text = JSON.stringify(kept);
    while (kept.turns.length > 1 && new Blob([text]).size > MOST_BYTES) {
      kept.turns.shift();
      said = SAYING.shortened;
      text = JSON.stringify(kept);
    }
    return text;
  }

  function put(id, text) {
    const others = keys().filter((key) => key !== PREFIX + id);
    const taken = others.reduce((sum, key) => sum + textOf(key.slice(PREFIX.length)).length, 0);
    if (taken + text.length > MOST_CHARACTERS) return false;
    return use("localStorage", (all) => all.setItem(PREFIX + id, text) ?? true) ?? false;
  }

  function write(kept) {
    const text = shorten(kept);
    while (!put(kept.id, text)) {
      const oldest = list().filter(({ id }) => id !== kept.id).pop();
      if (!oldest) {
        if (said !== SAYING.closed) said = SAYING.full;
        return;
      }
      remove(oldest.id);
      said = SAYING.dropped;
    }
  }

  function keep({ id, turn }) {
    setCurrent(id);
    if (!turn) return;
    const name = turn.question.replace(/\s+/g, " ").slice(0, LONGEST_NAME);
    const kept = read(id) ?? { version: 1, id, name, turns: [] };
    kept.turns = [...kept.turns.filter(({ number }) => number < turn.number), turn];
    write({ ...kept, at: Date.now() });
  }

  function tell(at) {
    if (!at) return "";
    const then = new Date(at);
    const days = (new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000;
    const time = then.toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false });
    if (days < 1) return `today, ${time}`;
    if (days < 2) return `yesterday, ${time}`;
    return then.toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" });
  }

  function make(tag, values, ...children) {
    const { dataset, ...rest } = values;
    const element = Object.assign(document.createElement(tag), rest);
    Object.assign(element.dataset, dataset);
    element.append(...children);
    return element;
  }

  const button = (text, act, label) => {
    const made = make("button", { type: "button", textContent: text, onclick: act });
    if (label) made.setAttribute("aria-label", label);
    return made;
  };

  function row(kept) {
    const count = kept.turns.length;
    const facts = [tell(kept.at), count ? `${count} question${count === 1 ? "" : "s"}` : ""];
    const open = button("", () => openIt(kept.id));
    open.className = "open";
    open.append(
      make("span", { className: "name", textContent: kept.name, dir: "auto" }),
      make("span", { className: "when", textContent: facts.filter(Boolean).join(" · ") }),
    );
    const item = make("li", {}, open);
    if (kept.id === currentId()) open.setAttribute("aria-current", "true");
    if (count) item.append(button("Rename", () => rename(item, kept), `Rename “${kept.name}”`));
    item.append(button("Delete", () => drop(item, kept), `Delete “${kept.name}”`));
    return item;
  }

  function rename(item, kept) {
    const input = make("input", { value: kept.name, maxLength: LONGEST_NAME, required: true });
    input.setAttribute("aria-label", "Name of the conversation");
    const form = make("form", {}, input, make("button", { textContent: "Save" }));
    const back = (name) => {
      const again = row({ ...kept, name });
      item.replaceWith(again);
      again.querySelectorAll("button")[1].focus();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const name = input.value.trim();
      if (!name) return;
      const now = read(kept.id);
      if (now) write({ ...now, name });
      back(name);
      report();
    };
    form.onkeydown = (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault(); // the dialog stays
      back(kept.name);
    };
    item.replaceChildren(form);
    input.select();
  }

  function drop(item, kept) {
    const text = textOf(kept.id);
    remove(kept.id);
    if (kept.id === currentId()) document.getElementById("clear")?.click();
    const restore = () => {
      if (!put(kept.id, text)) return;
      const again = row(kept);
      item.replaceWith(again);
      again.querySelector("button").focus();
    };
    const undo = button("Undo", restore, `Undo: keep “${kept.name}”`);
    item.replaceChildren(make("span", { className: "gone", textContent: `Deleted “${kept.name}”.` }), undo);
    undo.focus();
  }

  function openIt(id) {
    setCurrent(id);
    dialog().close();
    document.getElementById("open").click();
  }

  const dialog = () => document.getElementById("conversations");
  const report = () => (dialog().querySelector(".said").textContent = said);

  function fill() {
    const rows = list().map(row);
    dialog().querySelector("ul").replaceChildren(...rows);
    dialog().querySelector(".none").hidden = rows.length > 0 || said === SAYING.closed;
    dialog().querySelector(".hint").hidden = said === SAYING.closed;
    report();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#list")) {
      fill();
      dialog().showModal();
    } else if (event.target.closest("#conversations .close") || event.target === dialog()) {
      dialog().close();
    }
  });

  let last = "";
  new MutationObserver(() => {
    const change = document.querySelector("#kept [data-change]")?.dataset.change;
    if (!change || change === last) return;
    last = change;
    keep(JSON.parse(change));
  }).observe(document.documentElement, {
    attributeFilter: ["data-change"], // Gradio changes an element rather than make another
    childList: true,
    subtree: true,
  });

  window.demo = {
    stored: () => textOf(currentId()),
    choose: (...names) => use("localStorage", (all) => all.setItem(CHOICE, JSON.stringify(names))),
    chosen: () => {
      try {
        const names = JSON.parse(use("localStorage", (all) => all.getItem(CHOICE)));
        return [0, 1].map((place) => (typeof names?.[place] === "string" ? names[place] : null));
      } catch {
        return [null, null]; // it is no JSON: as if nothing was chosen
      }
    },
  };
})();
