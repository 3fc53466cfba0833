// Passes the conversation on to the RAG API, with the key, which stays on this server:
//
//   POST /api/chat            asks
//   GET  /api/chat/ID/stream  reads an answer that was cut again
//   POST /api/chat/ID/stop    ends it
//
// RAG_URL and RAG_API_KEY stand in .env.local. Whoever may open this page may ask: a login goes here.

const RAG_URL = process.env.RAG_URL ?? "http://127.0.0.1:8000";
const RAG_API_KEY = process.env.RAG_API_KEY;

async function passOn(request: Request): Promise<Response> {
  const answer = await fetch(new URL(new URL(request.url).pathname, RAG_URL), {
    method: request.method,
    headers: {
      "content-type": "application/json",
      ...(RAG_API_KEY && { authorization: `Bearer ${RAG_API_KEY}` }),
    },
    body: request.method === "POST" ? await request.text() : undefined,
    signal: request.signal,
  });
  return new Response(answer.body, {
    status: answer.status,
    headers: {
      "content-type": answer.headers.get("content-type") ?? "text/plain",
      "cache-control": "no-cache, no-transform",
    },
  });
}

export { passOn as GET, passOn as POST };
