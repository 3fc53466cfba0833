// Calls the route of the Next.js example as Next would, and tells what came back.
import { given, tell } from "./io.mjs";

process.env.RAG_URL = given.api;
process.env.RAG_API_KEY = given.key;
const route = await import(given.route);

const answers = [];
for (const { method, path, body } of given.requests) {
  const request = new Request(`http://page.example${path}`, { method, body });
  const answer = await route[method](request);
  answers.push({
    status: answer.status,
    type: answer.headers.get("content-type"),
    text: await answer.text(),
  });
}
tell({ answers });
