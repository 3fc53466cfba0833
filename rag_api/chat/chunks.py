"""The bytes of a streamed chat completion → the answer's text, why it ended, and the usage."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from rag_api.chat import Finish, FinishReason, Usage
from rag_core.errors import ChatUnavailableError

_FIELD = b"data:"
_END = b"[DONE]"
_SHOWN_CHARACTERS = 200

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
}


class CompletionReader:
    """Reads one stream of server-sent `chat.completion.chunk`s, cut anywhere.

    `where` names model and server in the errors. What is not the answer's text (reasoning, tool
    calls, comments, unknown fields) is left out.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._rest = b""
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._fault: str | None = None
        self.ended = False
        """Whether nothing that follows matters: the server said so, or sent what cannot be read."""
        self.tokens = 0
        """Pieces of answer or of reasoning seen so far: the model is at work."""

    def feed(self, data: bytes) -> str:
        """Give the text in the lines that are complete now; may be empty."""
        # Split before decoding: a character may be cut in two, a line feed cannot.
        *lines, self._rest = (self._rest + data).split(b"\n")
        return "".join(
            self._read_payload(line[len(_FIELD) :])
            for line in lines
            if line.startswith(_FIELD) and not self.ended
        )

    def finish(self) -> Finish:
        """Say why the stream ended; called after its last bytes.

        Raises:
            ChatUnavailableError: it ended before the model had finished, or with a fault.
        """
        self.feed(b"\n")
        fault = self._fault
        if fault is None and self._reason is None:
            fault = "ended the stream in mid-answer, without a finish_reason"
        if fault is not None or self._reason is None:
            raise ChatUnavailableError(f"{self._where} {fault}")
        return Finish(self._reason, self._usage)

    def _read_payload(self, payload: bytes) -> str:
        try:
            chunk = orjson.loads(payload)
        except orjson.JSONDecodeError:
            if payload.strip() != _END:
                shown = payload[:_SHOWN_CHARACTERS].decode(errors="replace").strip()
                self._fault = f"sent broken JSON: {shown!r}"
            self.ended = True
            return ""
        if not isinstance(chunk, dict) or chunk.get("error"):
            self._fault = f"broke off with an error: {_shorten(chunk)}"
            self.ended = True
            return ""
        if usage := chunk.get("usage"):
            self._read_usage(usage)
        choices = chunk.get("choices")
        return self._read_choice(choices[0]) if choices else ""

    def _read_choice(self, choice: Mapping[str, object]) -> str:
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            # Foreign values ("eos", "tool_calls") mean that the model itself chose to end.
            self._reason = _REASONS.get(reason, "stop")
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return ""
        content = delta.get("content")
        if content or delta.get("reasoning_content") or delta.get("reasoning"):
            self.tokens += 1
        return content if isinstance(content, str) else ""

    def _read_usage(self, usage: Mapping[str, object]) -> None:
        counts = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if isinstance(counts[0], int) and isinstance(counts[1], int):
            self._usage = Usage(counts[0], counts[1])


def _shorten(chunk: object) -> str:
    """What an error chunk says, on one line."""
    error = chunk.get("error") if isinstance(chunk, dict) else chunk
    said = error.get("message") if isinstance(error, dict) else error
    return repr(said)[:_SHOWN_CHARACTERS]
