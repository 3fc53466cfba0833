// Drives AI SDK's Chat, which useChat wraps, through steps; tells its state after each.
import { cut, given, tell } from "./io.mjs";

const suffix = given.version === "7" ? "" : `-${given.version}`;
const { DefaultChatTransport } = await import(`ai${suffix}`);
const { Chat } = await import(suffix === "" ? "@ai-sdk/react" : `ai-react${suffix}`);

const { api, headers, body } = given;
const transport = new DefaultChatTransport({ api, headers, body });
const open = (messages) => new Chat({ id: "chat/1", transport, messages });
let chat = open([]);

const text = () =>
  (chat.lastMessage?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
const said = (mark) =>
  new Promise((resolve) => {
    const look = setInterval(() => {
      if (chat.status === "streaming" && text().includes(mark)) {
        clearInterval(look);
        resolve();
      }
    }, 5);
  });

const steps = {
  ask: () => chat.sendMessage({ text: "What does it cost?" }),
  regenerate: () => chat.regenerate(),
  resume: () => chat.resumeStream(),
  // What a page does when it is loaded again, with the messages that it has stored.
  reload: () => {
    chat = open(JSON.parse(JSON.stringify(chat.messages)));
    return chat.resumeStream();
  },
  // The same when it stores a message only once it is complete.
  forget: () => {
    chat = open(JSON.parse(JSON.stringify(chat.messages.filter(({ role }) => role === "user"))));
    return chat.resumeStream();
  },
};

async function stop() {
  await fetch(`${api}/${encodeURIComponent(chat.id)}/stop`, { method: "POST", headers });
}

// "step", or "step, then cut at TEXT" and "step, then stop at TEXT", once the text is there.
async function take(step) {
  const [, name, then, mark] = step.match(/^(\w+)(?:, then (cut|stop) at (.+))?$/);
  const taken = steps[name]();
  if (then) {
    await said(mark);
    await (then === "cut" ? cut(api) : stop());
  }
  await taken;
}

const told = [];
for (const step of given.steps) {
  await take(step);
  const { status, error, messages } = chat;
  told.push({ status, error: error?.message ?? null, text: text(), messages });
}
tell(told);
