// Pages of PDFs are fetched when they are unfolded, with the words marked that are cited on them.
(() => {
  const ENOUGH = 0.9; // of the words that are to be marked

  function tellMissing(share) {
    if (share >= ENOUGH) return "";
    const some = share > 0 ? "Some of the cited words were" : "The cited words were";
    return `${some} not found on the page as it is drawn: they are not marked.`;
  }

  async function draw(page) {
    const url = page.dataset.picture;
    const note = page.querySelector(".note");
    const large = page.querySelector("a");
    delete page.dataset.picture;
    note.textContent = "The page is being drawn…";
    try {
      const response = await fetch(url);
      if (!response.ok) {
        const told = await response.json().catch(() => ({ detail: `status ${response.status}` }));
        throw new Error(told.detail);
      }
      await response.blob(); // or the picture would be asked for a second time
      const picture = Object.assign(new Image(), { alt: page.dataset.alt, src: url });
      await picture.decode();
      large.prepend(picture);
      large.hidden = false;
      note.textContent = tellMissing(Number(response.headers.get("X-Marked-Share") ?? 1));
    } catch (error) {
      page.dataset.picture = url; // whoever unfolds it again tries again
      large.hidden = true;
      note.textContent = `This page cannot be shown: ${error.message}.`;
    }
  }

  document.addEventListener(
    "toggle",
    ({ target }) => {
      if (target.open && target.dataset.picture) draw(target);
    },
    true,
  );
})();
