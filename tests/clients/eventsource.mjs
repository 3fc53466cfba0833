// Reads a URL with the eventsource package until it gives up, and closes nothing of itself.
import { EventSource } from "eventsource";
import { cut, given, tell } from "./io.mjs";

const events = [];
const requests = [];
const source = new EventSource(given.url, {
  fetch: async (url, init) => {
    const response = await fetch(url, { ...init, headers: { ...init.headers, ...given.headers } });
    requests.push({ status: response.status, last: init.headers["Last-Event-ID"] ?? null });
    return response;
  },
});
for (const name of ["message", ...(given.names ?? [])]) {
  source.addEventListener(name, ({ type, data, lastEventId }) => {
    events.push({ type, data, id: lastEventId });
    if (given.cutAt && data.includes(given.cutAt)) cut(given.url);
  });
}
source.onerror = () => {
  if (source.readyState === EventSource.CLOSED) tell({ events, requests });
};
// Its timer alone does not keep Node alive.
setInterval(() => {}, 1000);
