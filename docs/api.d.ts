// Made by `make types` from the OpenAPI document: what requests and answers hold.

/** The answer was stopped on demand; its text so far stands. */
export interface AbortPart {
  type?: "abort";
}

/** A citation, as OpenAI's clients expect it. */
export interface Annotation {
  type: "url_citation";
  url_citation: UrlCitation;
}

/** A citation; they come when the text is whole, in the order of their numbers. */
export interface AnnotationAdded {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.output_text.annotation.added";
  item_id: string;
  output_index: 0;
  content_index: 0;
  annotation_index: number;
  annotation: UrlAnnotation;
}

/** A whole answer, as one JSON object. */
export interface Answer {
  /** Of the run, as before the colon of the stream's event ids. */
  id: string;
  question: string;
  /** What was searched: the question, in whole words. */
  query: string;
  collection: string;
  /** As in `retrieved`. */
  collections: Record<string, number>;
  /** As in `retrieved`. */
  reranked_by: string | null;
  outcome: "answered" | "insufficient" | "empty_collection" | "filtered_out";
  finish_reason: string;
  /** With its markers `[n]`. */
  answer: string;
  /** One for each marker, in their order. */
  citations: Array<Citation>;
  /** What was put before the model. */
  passages: Array<PassageView>;
  model: string;
  usage: Usage;
  /** All that was searched together: the query, and the same in other words. */
  queries: Array<string>;
  /** Who wrote the queries; null when the question was searched as it stands. */
  rewritten_by: "rule" | "model" | null;
  /** What was left undone, one sentence each. */
  warnings: Array<string>;
  /** What the `best_score` is held against, as in `retrieved`. */
  least_score: number;
  /** As in `retrieved`. */
  best_score: number | null;
  /** As in `retrieved`. */
  timings: Timings;
  /** The closest passages, best first, where the outcome is `insufficient`. */
  nearest: Array<NearMiss>;
}

/** An answer as `POST /v1/answers` gave it; of its members these are read. */
export interface AnswerCopy {
  question: string;
  /** The question, when left out. */
  query?: string | null;
  collection: string;
  answer: string;
  outcome: "answered" | "insufficient" | "empty_collection" | "filtered_out";
  model: string;
  citations: Array<CitationCopy>;
  passages?: Array<PassageCopy>;
}

/** A question, and how it is to be answered. */
export interface AnswerRequest {
  question: string;
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** How passages are found; may be left out. */
  retrieval?: RetrievalOptions;
  /** Earlier turns, oldest first. */
  history?: Array<HistoryTurn>;
  /** Events as they come, or one JSON object at the end. */
  stream?: boolean;
  /** How many passages at most. */
  top_k?: number;
  /** As in `GET /v1/models`; may be left out. */
  model?: string | null;
  /** What happens when you leave before the end: the answer is cancelled at once, or goes on for a minute, in which you may come back to it with `Last-Event-ID`. `detach` for streams and `cancel` for JSON, when left out. */
  on_disconnect?: "cancel" | "detach" | null;
}

/** A question for `/api/ask`, whose name is short because it stands in URLs. */
export interface AskRequest {
  q: string;
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** How passages are found; may be left out. */
  retrieval?: RetrievalOptions;
  /** How many passages at most. */
  top_k?: number;
  /** As in `GET /v1/models`; may be left out. */
  model?: string | null;
}

/** Documents whose field is `low`, `high` or between them. */
export interface Between {
  type: "between";
  /** One of `source`, `title`, `media_type`, `language`, `document_id`, `created_at`, `size_bytes`, or `metadata.NAME`. */
  key: string;
  low: string | number | boolean;
  high: string | number | boolean;
}

/** The only choice. */
export interface ChatChoice {
  index: 0;
  message: ChatMessage;
  logprobs: null;
  finish_reason: "stop" | "length" | "content_filter";
}

/** One `chat.completion.chunk`; the finishing one carries the citations. */
export interface ChatChunk {
  id: string;
  object: "chat.completion.chunk";
  /** Seconds since 1970. */
  created: number;
  model: string;
  choices: Array<ChunkChoice>;
  /** URLs by number, on the finishing chunk. */
  citations?: Array<string>;
  search_results?: Array<SearchResult>;
  /** Only of the model `rag-openwebui`. */
  event?: SourceEvent | null;
  usage?: ChatUsage | null;
}

/** The answer to an unstreamed request. */
export interface ChatCompletion {
  id: string;
  object: "chat.completion";
  /** Seconds since 1970. */
  created: number;
  model: string;
  choices: Array<ChatChoice>;
  usage: ChatUsage;
  citations: Array<string>;
  search_results: Array<SearchResult>;
}

/** What a chunk adds to the message; fields that add nothing are left out. */
export interface ChatDelta {
  role?: "assistant";
  content?: string;
  annotations?: Array<Annotation>;
}

/** The answer. */
export interface ChatMessage {
  role: "assistant";
  content: string;
  refusal: null;
  annotations: Array<Annotation>;
}

/** OpenAI's Chat Completions request; `collection` and `retrieval` are ours. */
export interface ChatRequest {
  model: string;
  messages: Array<ChatRequestMessage>;
  stream?: boolean | null;
  stream_options?: StreamOptions | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** How passages are found; may be left out. */
  retrieval?: RetrievalOptions;
}

/** A message, from any role; parts other than text are ignored. */
export interface ChatRequestMessage {
  role: string;
  /** A text, a list of parts, or null. */
  content?: JsonValue;
}

/** Tokens of the whole run. */
export interface ChatUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** The only choice of a chunk. */
export interface ChunkChoice {
  index: 0;
  delta: ChatDelta;
  logprobs: null;
  finish_reason: "stop" | "length" | "content_filter" | null;
}

/** Where the answer points at a passage. */
export interface Citation {
  number: number;
  document_id: string;
  chunk_id: string;
  source: string;
  title: string;
  page: number | null;
  start: number;
  /** `document_text[start:end] == quote`, in Unicode code points. */
  end: number;
  quote: string;
  url: string;
  answer_start: number;
  /** The marker in the answer, in Unicode code points. */
  answer_end: number;
}

/** A citation, as it came. */
export interface CitationCopy {
  document_id: string;
  source: string;
  start: number;
  end: number;
  quote: string;
}

/** Where the text points at its sources, for each marker; `page` only where there is one. */
export interface CitationsPart {
  type?: "data-citations";
  id?: "citations";
  data: Array<Citation>;
}

/** The answer's text so far ends with a marker, and this is what it points at. */
export interface Cited {
  type: "cited";
  citation: Citation;
}

/** All collections, by name. */
export interface CollectionList {
  collections: Array<CollectionView>;
}

/** A collection and how much is in it. */
export interface CollectionView {
  name: string;
  documents: number;
  chunks: number;
  tokens: number;
  /** Of the embedding model that its vectors are made by. */
  fingerprint: string;
  created_at: string;
}

/** The next piece of the answer's text. */
export interface Delta {
  type: "delta";
  text: string;
}

/** A document, with the text that all offsets count in. */
export interface DocumentView {
  /** Of this version: a changed document has a new one. */
  id: string;
  collection: string;
  source: string;
  title: string;
  media_type: string;
  size_bytes: number;
  chunks: number;
  tokens: number;
  metadata: Record<string, string>;
  /** SHA-256 of the file, in hexadecimal digits. */
  content_hash: string;
  created_at: string;
  /** ISO 639-1; empty when it could not be told. */
  language: string;
  text: string;
  /** Empty when the format has no pages. */
  page_starts: Array<number>;
}

/** The answer is complete; a terminal event. */
export interface Done {
  type: "done";
  outcome: "answered" | "insufficient" | "empty_collection" | "filtered_out";
  finish_reason: "stop" | "length" | "content_filter";
  model: string;
  input_tokens: number;
  output_tokens: number;
  /** The closest passages, best first, where the outcome is `insufficient`. */
  nearest: Array<NearMiss>;
}

/** The vector of one text; its length is one. */
export interface Embedding {
  object: "embedding";
  /** Of the text in the input, from 0. */
  index: number;
  /** Numbers; or base64 of 32-bit floats, the lowest byte first. */
  embedding: Array<number> | string;
}

/** The vectors, in the order of the texts. */
export interface EmbeddingList {
  object: "list";
  data: Array<Embedding>;
  /** The embedding model's own name. */
  model: string;
  usage: EmbeddingUsage;
}

/** OpenAI's Embeddings request. */
export interface EmbeddingRequest {
  /** A text, or a list of texts. */
  input: string | Array<string>;
  /** The embedding model's name, or `rag`. */
  model: string;
  encoding_format?: "float" | "base64" | null;
  /** Only as many as the model has. */
  dimensions?: number | null;
}

/** Tokens of all texts. */
export interface EmbeddingUsage {
  prompt_tokens: number;
  total_tokens: number;
}

/** Documents whose field is this value, or is not, or that lack it. */
export interface Equal {
  type: "eq" | "ne";
  /** One of `source`, `title`, `media_type`, `language`, `document_id`, `created_at`, `size_bytes`, or `metadata.NAME`. */
  key: string;
  value: string | number | boolean;
}

/** What went wrong. */
export interface ErrorBody {
  /** The error's name. */
  error: string;
  detail: string;
}

/** What went wrong: flat as it is documented, and nested as OpenAI's clients raise it. */
export interface ErrorEvent {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "error";
  code: string | null;
  message: string;
  param: string | null;
  error: OpenAIFault;
}

/** The answer cannot be completed; its text so far stands. */
export interface ErrorPart {
  type?: "error";
  errorText: string;
}

export type Event = Retrieved | Delta | Cited | Restarted | Gap | Done | Failed;

/** Documents that have the field. */
export interface Exists {
  type: "exists";
  /** One of `source`, `title`, `media_type`, `language`, `document_id`, `created_at`, `size_bytes`, or `metadata.NAME`. */
  key: string;
}

/** The answer cannot be completed; a terminal event. What was sent before stays valid. */
export interface Failed {
  type: "failed";
  /** The error's name, as in the HTTP errors. */
  error: string;
  detail: string;
  /** Whether the same question may succeed later. */
  retryable: boolean;
  /** How long to wait before, when the chat model's server said so. */
  retry_after_seconds: number | null;
}

/** What somebody thinks of an answer. */
export interface FeedbackRequest {
  /** `X-Answer-Id` or `id` of the answer, in whichever protocol it came. */
  answer_id: string;
  /** Null withdraws what was said before. */
  rating: "up" | "down" | null;
  /** Replaces the comment before, also when it is left out. */
  comment?: string | null;
  /** Who rates, by a name of your own, where several people read one answer: each has a rating of their own. */
  user?: string;
  /** The answer as you got it, for when the server has it no more, five minutes after its end. It is marked as unverified. */
  answer?: AnswerCopy | null;
}

/** What is kept now. */
export interface FeedbackView {
  /** Without what a protocol puts before it. */
  answer_id: string;
  user: string;
  /** Null: nothing is kept. */
  rating: "up" | "down" | null;
  comment: string | null;
}

/** The message is complete. */
export interface FinishPart {
  type?: "finish";
  messageMetadata: UIMetadata;
}

/** The step is complete. */
export interface FinishStepPart {
  type?: "finish-step";
}

/** A job has ended; the last event. */
export interface Finished {
  type: "finished";
  job: JobDetail;
}

/** The events with these numbers are kept no more; those after them follow. */
export interface Gap {
  type: "gap";
  first: number;
  last: number;
}

/** The process runs. */
export interface Health {
  status: "ok";
}

/** An earlier turn of the conversation. */
export interface HistoryTurn {
  role: "user" | "assistant";
  content: string;
}

/** Why the answer ended early. */
export interface IncompleteDetails {
  reason: "max_output_tokens" | "content_filter";
}

/** Of the tokens of the prompt. */
export interface InputDetails {
  cached_tokens: 0;
  cache_write_tokens: 0;
}

/** A message; items of other types have no role, and are ignored. */
export interface InputItem {
  role?: string;
  /** A text, a list of parts, or null. */
  content?: JsonValue;
}

/** The answer begins. */
export interface ItemAdded {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.output_item.added";
  output_index: 0;
  item: OutputMessage;
}

/** The answer, whole. */
export interface ItemDone {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.output_item.done";
  output_index: 0;
  item: OutputMessage;
}

/** A job with the report of its ingest. */
export interface JobDetail {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  collection: string;
  files: Array<JobFile>;
  url: string | null;
  metadata: Record<string, string> | null;
  progress: JobProgress;
  /** Name of the error that ended it, or its last attempt. */
  error: string | null;
  detail: string | null;
  /** Cancelled, and its worker has not seen it yet. */
  cancelling: boolean;
  /** How often a worker has begun it. */
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** As `ingest add --json` prints it; null when the ingest did not come to one. */
  report: Record<string, JsonValue> | null;
}

/** A file that was uploaded. */
export interface JobFile {
  /** Of the document that it becomes. */
  source: string;
  size_bytes: number;
}

/** Jobs, newest first. */
export interface JobList {
  jobs: Array<JobView>;
  /** `after` for the next page; null on the last one. */
  next: string | null;
}

/** How far it is; all 0 before it begins. */
export interface JobProgress {
  files: number;
  /** Of the files, in whichever way. */
  done: number;
  added: number;
  updated: number;
  unchanged: number;
  failed: number;
  /** Of the documents that can be found by now. */
  chunks: number;
  /** Texts that the embedding model saw. */
  embedded: number;
  /** Chunks whose vectors were there already. */
  reused: number;
}

/** A job, and how far it is. */
export interface JobView {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  collection: string;
  files: Array<JobFile>;
  url: string | null;
  metadata: Record<string, string> | null;
  progress: JobProgress;
  /** Name of the error that ended it, or its last attempt. */
  error: string | null;
  detail: string | null;
  /** Cancelled, and its worker has not seen it yet. */
  cancelling: boolean;
  /** How often a worker has begun it. */
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

export type JsonValue = unknown;

/** Documents for which all of these hold, or at least one. */
export interface Junction {
  type: "and" | "or";
  filters: Array<Equal | Ordered | Between | OneOf | Part | Exists | Junction | Negation>;
}

/** A name that the chat completions take as `model`. */
export interface Model {
  id: string;
  object: "model";
  /** Seconds since 1970. */
  created: number;
  owned_by: string;
}

/** All of them. */
export interface ModelList {
  object: "list";
  data: Array<Model>;
}

/** A passage that came closest to a question that the documents do not answer. */
export interface NearMiss {
  /** Of the passage in `retrieved`. */
  number: number;
  chunk_id: string;
  title: string;
  /** Absolute path or URL of the document. */
  source: string;
  /** From 1; null when the format has no pages. */
  page: number | null;
  /** Cosine similarity in [-1, 1], higher is closer. */
  score: number;
  /** What `least_score` of `retrieved` is held against. */
  fused_score: number;
  /** Shows the passage in its place. */
  url: string;
}

/** Documents for which this does not hold. */
export interface Negation {
  type: "not";
  filter: Equal | Ordered | Between | OneOf | Part | Exists | Junction | Negation;
}

/** Documents whose field is one of these values, or none of them, or that lack it. */
export interface OneOf {
  type: "in" | "nin";
  /** One of `source`, `title`, `media_type`, `language`, `document_id`, `created_at`, `size_bytes`, or `metadata.NAME`. */
  key: string;
  value: Array<string | number | boolean>;
}

/** OpenAI's shape of an error. */
export interface OpenAIError {
  error: OpenAIFault;
}

/** What went wrong. */
export interface OpenAIFault {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** Documents whose field is above or below this value. */
export interface Ordered {
  type: "gt" | "gte" | "lt" | "lte";
  /** One of `source`, `title`, `media_type`, `language`, `document_id`, `created_at`, `size_bytes`, or `metadata.NAME`. */
  key: string;
  value: string | number | boolean;
}

/** Of the tokens of the answer. */
export interface OutputDetails {
  reasoning_tokens: 0;
}

/** The only item of the output: the answer. */
export interface OutputMessage {
  type: "message";
  id: string;
  status: "in_progress" | "completed" | "incomplete";
  role: "assistant";
  content: Array<OutputText>;
}

/** The answer's text. */
export interface OutputText {
  type: "output_text";
  text: string;
  annotations: Array<UrlAnnotation>;
  /** Always empty. */
  logprobs: Array<JsonValue>;
}

/** Documents whose field holds this text, or begins with it; upper case is not lower case. */
export interface Part {
  type: "contains" | "starts_with";
  /** One of `source`, `title`, `media_type`, `language`, `document_id`, `created_at`, `size_bytes`, or `metadata.NAME`. */
  key: string;
  value: string;
}

/** Its text begins. */
export interface PartAdded {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.content_part.added";
  item_id: string;
  output_index: 0;
  content_index: 0;
  part: OutputText;
}

/** The text with its citations. */
export interface PartDone {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.content_part.done";
  item_id: string;
  output_index: 0;
  content_index: 0;
  part: OutputText;
}

/** Whether a part answers. */
export interface PartHealth {
  ok: boolean;
  /** What is wrong. */
  detail: string | null;
  milliseconds: number;
}

/** A passage, as it came; its text is not needed. */
export interface PassageCopy {
  collection: string;
  document_id: string;
  source: string;
  start: number;
  end: number;
  fused_score: number;
}

/** What a source is, beyond its title and URL; named as in `POST /v1/answers`. */
export interface PassageDetails {
  /** What a marker `[n]` in the text refers to. */
  number: number;
  document_id: string;
  chunk_id: string;
  collection: string;
  source: string;
  /** From 1; left out when the format has no pages. */
  page?: number | null;
  heading_path: Array<string>;
  start: number;
  end: number;
  /** `document_text[start:end]`, in Unicode code points. */
  snippet: string;
  score: number;
  lexical_score: number;
  fused_score: number;
}

/** A passage that was put before the model, by its number. */
export interface PassageView {
  /** What a marker `[n]` in the answer refers to. */
  number: number;
  chunk_id: string;
  document_id: string;
  collection: string;
  /** Absolute path or URL of the document. */
  source: string;
  title: string;
  /** From 1; null when the format has no pages. */
  page: number | null;
  /** Headings above the passage, outermost first. */
  heading_path: Array<string>;
  start: number;
  /** `document_text[start:end] == text`, in Unicode code points. */
  end: number;
  text: string;
  /** Cosine similarity in [-1, 1], higher is closer. */
  score: number;
  /** BM25, 0 or more. */
  lexical_score: number;
  /** Of both; absolute, may be held to a threshold. */
  fused_score: number;
  /** The probability, by its `fused_score`, that the collection speaks of what was asked, if this is the best passage: means the same whatever scores are made of. */
  confidence: number;
  /** Shows the passage in its place. */
  url: string;
  metadata: Record<string, string>;
  /** By the reranker, on its own scale; null when none has read it. */
  rerank_score: number | null;
  /** Sources of other documents that say nearly the same, left out for that. */
  also_in: Array<string>;
}

/** A job has changed: it was queued, begun, got on or was put back. */
export interface Progress {
  type: "progress";
  job: JobView;
}

/** Whether questions can be answered now; a part by its name. */
export interface Readiness {
  ready: boolean;
  parts: Record<string, PartHealth>;
}

/** The answer is complete; the last event. */
export interface ResponseCompleted {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.completed";
  response: ResponseObject;
}

/** The first event. */
export interface ResponseCreated {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.created";
  response: ResponseObject;
}

/** The answer broke off, or was cancelled; `error` follows and is the last event. */
export interface ResponseFailed {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.failed";
  response: ResponseObject;
}

/** Why there is no answer. */
export interface ResponseFault {
  code: "server_error" | "rate_limit_exceeded";
  message: string;
  /** The error's name, as in our own protocol. */
  type: string;
}

/** The passages are found, the answer is being made. */
export interface ResponseInProgress {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.in_progress";
  response: ResponseObject;
}

/** The model stopped before its end, as its limit or its filter says; the last event. */
export interface ResponseIncomplete {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.incomplete";
  response: ResponseObject;
}

/** An answer; what stands here as a constant has no meaning for us, but clients want it. */
export interface ResponseObject {
  id: string;
  object: "response";
  /** Seconds since 1970. */
  created_at: number;
  completed_at: number | null;
  status: "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";
  incomplete_details: IncompleteDetails | null;
  /** As it was asked for. */
  model: string;
  previous_response_id: string | null;
  /** As they were sent; they have no effect. */
  instructions: string | null;
  output: Array<OutputMessage>;
  error: ResponseFault | null;
  tools: Array<JsonValue>;
  tool_choice: "none";
  truncation: "auto";
  parallel_tool_calls: false;
  text: TextSettings;
  top_p: number;
  presence_penalty: number;
  frequency_penalty: number;
  top_logprobs: 0;
  temperature: number;
  reasoning: null;
  user: null;
  usage: ResponseUsage | null;
  max_output_tokens: number | null;
  max_tool_calls: null;
  store: boolean;
  background: false;
  service_tier: "default";
  /** As it was sent. */
  metadata: Record<string, string>;
  safety_identifier: null;
  prompt_cache_key: null;
}

/** OpenAI's Responses request; `collection` and `retrieval` are ours. */
export interface ResponseRequest {
  /** A text, or messages: the user's last one is the question. */
  input: string | Array<InputItem>;
  /** As in `GET /v1/models`; may be left out. */
  model?: string | null;
  stream?: boolean | null;
  /** Given back, without effect. */
  instructions?: string | null;
  /** An answer of the last minutes that the question goes on from. */
  previous_response_id?: string | null;
  max_output_tokens?: number | null;
  /** With `false` the answer ends when its stream is left. */
  store?: boolean | null;
  /** Given back, without effect. */
  metadata?: Record<string, string> | null;
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** How passages are found; may be left out. */
  retrieval?: RetrievalOptions;
}

/** Tokens of the whole run. */
export interface ResponseUsage {
  input_tokens: number;
  input_tokens_details: InputDetails;
  output_tokens: number;
  output_tokens_details: OutputDetails;
  total_tokens: number;
}

/** The chat model broke off, and another begins anew: text and citations so far are void. */
export interface Restarted {
  type: "restarted";
  /** The model that answers from here on. */
  model: string;
  /** Why the one before it did not finish. */
  detail: string;
}

/** How passages are found; whatever is left out is as usual. */
export interface RetrievalOptions {
  /** Several collections to search at once, each with its weight: a passage's `fused_score` times the weight of its collection is what it is ranked by. In place of `collection`. */
  collections?: Record<string, number> | null;
  /** Search only documents of which this holds, such as `{"type": "gte", "key": "metadata.year", "value": 2020}`. */
  filter?: Equal | Ordered | Between | OneOf | Part | Exists | Junction | Negation | null;
  /** Whether a question that needs the turns before it is searched in whole words: as the chat model writes it, or with the names of those turns when there is none. */
  rewrite?: "auto" | "never";
  /** How many wordings of the question are searched together, the first included; the others are written by the chat model, which must be there. */
  variants?: number;
  /** Whether the chat model is left unasked when no passage has the least score; else it is asked, and told that the passages fit badly. */
  abstain?: boolean;
  /** Whether a passage that the chat model makes up for the question is searched along with it; there must be a chat model. */
  hyde?: boolean;
  /** Whether the reranker orders the passages; none does when none is configured. */
  rerank?: boolean;
  /** How much it counts that a passage is unlike those before it, against how well it fits (maximal marginal relevance): from 0, not at all. */
  diversity?: number;
}

/** The passages found for the question; the first event. */
export interface Retrieved {
  type: "retrieved";
  question: string;
  /** What was searched: the question, in whole words. */
  query: string;
  /** The first one, where several were searched. */
  collection: string;
  passages: Array<PassageView>;
  /** All that were searched, each with its weight. */
  collections: Record<string, number>;
  /** Where no passage has this `fused_score`, they are not thought to hold the answer; `ingest eval --calibrate` chooses it for a collection. */
  least_score: number;
  /** The highest `fused_score` that was found, which `least_score` is held against: a reranker may have left that passage out. Null when there are no passages. */
  best_score: number | null;
  /** Why there are no passages; null when there are some, or none fits. */
  empty: "empty_collection" | "filtered_out" | null;
  /** All that was searched together: the query, and the same in other words. */
  queries: Array<string>;
  /** Who wrote the queries; null when the question was searched as it stands. */
  rewritten_by: "rule" | "model" | null;
  /** The model that ordered them; null: the order is the search's. */
  reranked_by: string | null;
  /** What was left undone, one sentence each. */
  warnings: Array<string>;
  /** How long that took; the same each time the answer is read. */
  timings: Timings;
}

/** What became of an answer's run. */
export interface RunView {
  id: string;
  status: "running" | "ended";
}

/** The passages that fit a query, best first. */
export interface SearchAnswer {
  query: string;
  /** The first one, where several were searched. */
  collection: string;
  /** All that were searched, each with its weight. */
  collections: Record<string, number>;
  /** All that was searched together: the query, and the same in other words. */
  queries: Array<string>;
  /** Why there are no passages, where that is known. */
  empty: "empty_collection" | "filtered_out" | null;
  /** What was left undone, one sentence each. */
  warnings: Array<string>;
  passages: Array<PassageView>;
  /** The model that ordered them; null: the order is the search's. */
  reranked_by: string | null;
  /** How long it took. */
  timings: Timings;
}

/** What to search. */
export interface SearchRequest {
  query: string;
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** How passages are found; may be left out. */
  retrieval?: RetrievalOptions;
  /** How many passages at most. */
  top_k?: number;
}

/** A passage, as Perplexity's clients expect it. */
export interface SearchResult {
  title: string;
  url: string;
  snippet: string;
}

/** One passage, in lists as long as one. */
export interface SourceData {
  source: SourceIdentity;
  document: [string];
  metadata: [rag_api__wire__open_webui__SourceMetadata];
  /** Its score, shown in per cent. */
  distances: [number];
}

/** One source; the marker `[n]` leads to the n-th that arrives. */
export interface SourceEvent {
  type: "source";
  data: SourceData;
}

/** Which source it is. */
export interface SourceIdentity {
  id: string;
  name: string;
  url: string;
}

/** A passage that was put before the model; all of them come before the text, by number. */
export interface SourceUrlPart {
  type?: "source-url";
  /** The passage's number. */
  sourceId: string;
  url: string;
  title: string;
  providerMetadata: rag_api__wire__ui_objects__SourceMetadata;
}

/** A passage in its place. */
export interface SourceView {
  chunk_id: string;
  document_id: string;
  source: string;
  title: string;
  page: number | null;
  heading_path: Array<string>;
  start: number;
  /** `document_text[start:end] == text`, in Unicode code points. */
  end: number;
  text: string;
  metadata: Record<string, string>;
}

/** A message begins. */
export interface StartPart {
  type?: "start";
  /** The same on every replay of one answer. */
  messageId: string;
}

/** Its only step begins. */
export interface StartStepPart {
  type?: "start-step";
}

/** How to stream. */
export interface StreamOptions {
  include_usage?: boolean | null;
}

/** What a URL may carry in place of the key, for some minutes. */
export interface StreamToken {
  /** For `GET /api/ask?token=…`. */
  token: string;
  expires_at: string;
}

/** The next piece of the text. */
export interface TextDelta {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.output_text.delta";
  item_id: string;
  output_index: 0;
  content_index: 0;
  delta: string;
  /** Always empty. */
  logprobs: Array<JsonValue>;
}

/** The next piece of the text. */
export interface TextDeltaPart {
  type?: "text-delta";
  id: string;
  delta: string;
}

/** The text, whole. */
export interface TextDone {
  /** Of the event in the stream, from 0. */
  sequence_number: number;
  type: "response.output_text.done";
  item_id: string;
  output_index: 0;
  content_index: 0;
  text: string;
  /** Always empty. */
  logprobs: Array<JsonValue>;
}

/** The text is complete, or broke off. */
export interface TextEndPart {
  type?: "text-end";
  id: string;
}

/** How the answer is formatted. */
export interface TextFormat {
  type: "text";
}

/** OpenAI's settings of the text. */
export interface TextSettings {
  format: TextFormat;
}

/** The text begins. */
export interface TextStartPart {
  type?: "text-start";
  id: string;
}

/** How long it took to find the passages, step by step. */
export interface Timings {
  /** Until it was known what to search; the chat model may have been asked. */
  rewriting_milliseconds: number;
  /** All but the two others: by meaning and by words, and reading what it was. */
  searching_milliseconds: number;
  /** Until the reranker answered or failed; null when none was asked. */
  reranking_milliseconds: number | null;
}

/** What AI SDK's `DefaultChatTransport` posts; the last three are ours, by its option `body`. */
export interface UIChatRequest {
  /** Of the chat; what a cut answer is found by. */
  id?: string | null;
  messages: Array<UIMessage>;
  /** `submit-message` or `regenerate-message`. */
  trigger?: string | null;
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** How passages are found; may be left out. */
  retrieval?: RetrievalOptions;
  /** How many passages at most. */
  top_k?: number;
  /** As in `GET /v1/models`; may be left out. */
  model?: string | null;
}

/** A message of AI SDK UI; parts other than text are ignored. */
export interface UIMessage {
  role: string;
  /** A list of parts. */
  parts?: JsonValue;
}

/** What becomes `message.metadata`. */
export interface UIMetadata {
  usage: UIUsage;
  model: string;
  outcome: "answered" | "insufficient" | "empty_collection" | "filtered_out";
  finishReason: "stop" | "length" | "content_filter";
  /** The closest passages, where the outcome is `insufficient`. */
  nearest?: Array<NearMiss>;
}

/** Tokens of the whole run. */
export interface UIUsage {
  inputTokens: number;
  outputTokens: number;
  totalTokens: number;
}

/** A citation; OpenAI's clients read it from an event, Open WebUI from the finished item. */
export interface UrlAnnotation {
  type: "url_citation";
  url: string;
  title: string;
  /** Of the marker in the answer, in Unicode code points. */
  start_index: number;
  /** Half open; 0 and 0 when the answer does not cite it. */
  end_index: number;
}

/** Where a part of the answer comes from. */
export interface UrlCitation {
  url: string;
  title: string;
  /** Of the marker in the answer, in Unicode code points. */
  start_index: number;
  /** Half open; 0 and 0 when the answer does not cite it. */
  end_index: number;
}

/** What is to be fetched and ingested. */
export interface UrlUpload {
  /** RAG_COLLECTION when left out. */
  collection?: string | null;
  /** Stored with each document in place of what it has; without, it keeps its own. */
  metadata?: Record<string, unknown> | null;
  /** With `http` or `https`; other characters than ASCII percent-encoded. */
  url: string;
}

/** What the answer cost, in the chat model's tokens. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
}

/** What sources are told apart by. */
export interface rag_api__wire__open_webui__SourceMetadata {
  /** The passage's id; a URL here would be shown as its name. */
  source: string;
  source_url: string;
  name: string;
}

/** Two levels, as the SDK wants it. */
export interface rag_api__wire__ui_objects__SourceMetadata {
  rag: PassageDetails;
}
