// Streams a chat completion with OpenAI's package, and the same with AI SDK's provider for it.
import { createOpenAI } from "@ai-sdk/openai";
import { streamText } from "ai";
import OpenAI from "openai";
import { given, tell } from "./io.mjs";

const question = "What does it cost?";
const settings = { baseURL: given.url, apiKey: "any" };

const stream = new OpenAI({ ...settings, maxRetries: 0 }).chat.completions.stream({
  model: "rag",
  messages: [{ role: "user", content: question }],
  stream_options: { include_usage: true },
});
const deltas = [];
stream.on("content", (delta) => deltas.push(delta));

let completion = null;
let error = null;
try {
  completion = await stream.finalChatCompletion();
} catch (raised) {
  error = { name: raised.constructor.name, message: raised.message, code: raised.code };
}

const sources = [];
let text = "";
const result = streamText({
  model: createOpenAI(settings).chat("rag"),
  prompt: question,
  maxRetries: 0,
  onError: () => {},
});
for await (const part of result.fullStream) {
  if (part.type === "source") sources.push({ url: part.url, title: part.title });
  if (part.type === "text-delta") text += part.text;
}
tell({ completion, deltas, error, provider: { sources, text } });
