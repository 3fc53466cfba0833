"use client";

import { useChat } from "@ai-sdk/react";
import { DefaultChatTransport, type UIMessage } from "ai";
import { type FormEvent, useState } from "react";

type Passage = { number: number; snippet: string };
type Citation = { number: number; quote: string; url: string; answer_start: number; answer_end: number };
type Outcome = "answered" | "insufficient" | "empty_collection" | "filtered_out";
type Message = UIMessage<{ outcome: Outcome; model: string }, { citations: Citation[] }>;

export function Conversation({ id, api = "/api/chat" }: { id: string; api?: string }) {
  const [question, setQuestion] = useState("");
  const [transport] = useState(
    () =>
      new DefaultChatTransport<Message>({
        api,
        // What /v1/answers takes, too: "collection", "top_k", "model" and "retrieval".
        body: { retrieval: { diversity: 0.3 } },
      }),
  );
  const { messages, status, error, sendMessage, resumeStream, stop } = useChat<Message>({
    id,
    transport,
    resume: true, // a page that is loaded in mid-answer shows it from its beginning
  });

  const ask = (event: FormEvent) => {
    event.preventDefault();
    sendMessage({ text: question });
    setQuestion("");
  };
  // The server ends the answer, and the stream with it; leaving alone would not.
  const stopAnswer = () =>
    fetch(`${api}/${encodeURIComponent(id)}/stop`, { method: "POST" }).catch(stop);

  return (
    <main>
      {messages.map((message) => (
        <article key={message.id} aria-busy={status === "streaming"}>
          <Text message={message} />
          {status === "ready" && <Sources message={message} />}
        </article>
      ))}
      {error && (
        <p role="alert">
          {error.message} <button onClick={() => resumeStream()}>Go on</button>
        </p>
      )}
      <form onSubmit={ask}>
        <input
          aria-label="Question"
          value={question}
          onChange={(event) => setQuestion(event.target.value)}
          required
        />
        {status === "streaming" || status === "submitted" ? (
          <button type="button" onClick={stopAnswer}>Stop</button>
        ) : (
          <button>Ask</button>
        )}
      </form>
    </main>
  );
}

/** The text, with a link in place of each marker once it is known what they point at. */
function Text({ message }: { message: Message }) {
  const letters = Array.from(
    message.parts.map((part) => (part.type === "text" ? part.text : "")).join(""),
  ); // offsets count code points
  const citations = findCitations(message);
  return (
    <p style={{ whiteSpace: "pre-wrap" }}>
      {citations.map((citation, place) => (
        <span key={place}>
          {letters.slice(citations[place - 1]?.answer_end ?? 0, citation.answer_start).join("")}
          <a href={citation.url} title={citation.quote} target="_blank" rel="noopener">
            [{citation.number}]
          </a>
        </span>
      ))}
      {letters.slice(citations.at(-1)?.answer_end ?? 0).join("")}
    </p>
  );
}

/** The passages that were cited, to be unfolded; where nothing fits, those that came closest. */
function Sources({ message }: { message: Message }) {
  const cited = new Set(findCitations(message).map(({ number }) => String(number)));
  const sources = message.parts.filter((part) => part.type === "source-url");
  const closest = message.metadata?.outcome === "insufficient";
  return sources
    .filter(({ sourceId }) => closest || cited.has(sourceId))
    .map(({ sourceId, url, title, providerMetadata }) => (
      <details key={sourceId}>
        <summary>{sourceId} · {title}</summary>
        <blockquote style={{ whiteSpace: "pre-wrap" }}>
          {(providerMetadata?.rag as Passage | undefined)?.snippet}
        </blockquote>
        <a href={url} target="_blank" rel="noopener">Show in the document</a>
      </details>
    ));
}

function findCitations(message: Message): Citation[] {
  return message.parts.flatMap((part) => (part.type === "data-citations" ? part.data : []));
}
