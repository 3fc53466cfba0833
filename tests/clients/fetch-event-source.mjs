// Posts a question with fetch-event-source and its default handlers, apart from those that note.
import { cut, given, tell } from "./io.mjs";

// What it takes of a browser.
globalThis.window = globalThis;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
const { fetchEventSource } = await import("@microsoft/fetch-event-source");

const events = [];
const requests = [];
await fetchEventSource(given.url, {
  method: "POST",
  headers: { "content-type": "application/json", ...given.headers },
  body: JSON.stringify(given.body),
  fetch: async (url, init) => {
    const response = await fetch(url, init);
    requests.push({ status: response.status, last: init.headers["last-event-id"] ?? null });
    return response;
  },
  onmessage: ({ id, data }) => {
    events.push({ id, data });
    if (given.cutAt && data.includes(given.cutAt)) cut(given.url);
  },
});
tell({ events, requests });
