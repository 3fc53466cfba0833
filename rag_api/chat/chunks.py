"""The bytes of a streamed chat completion → the answer's text, why it ended, and the usage."""

from __future__ import annotations

import json
from collections.abc import Mapping

import orjson

from rag_api.chat import Finish, FinishReason, Usage
from rag_api.chat.faults import name_fault

_FIELD = b"data:"
_END = b"[DONE]"
_SHOWN_CHARACTERS = 200
_LONGEST_LINE_BYTES = 1024 * 1024

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
        self._status: int | None = None
        self._opening = b""
        self._half: str | None = None
        self._read_any = False
        self.ended = False
        """Whether nothing that follows matters: the server said so, or sent what cannot be read."""
        self.tokens = 0
        """Pieces of answer or of reasoning seen so far: the model is at work."""

    @property
    def complete(self) -> bool:
        """Whether the model has finished, whatever becomes of the connection now."""
        return self._reason is not None and self._fault is None

    def feed(self, data: bytes) -> str:
        """Give the text in the lines that are complete now; may be empty."""
        # Split before decoding: a character may be cut in two, a line feed cannot.
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._opening = self._opening or data[:_SHOWN_CHARACTERS]
        text = "".join(
            self._read_payload(line[len(_FIELD) :])
            for line in lines
            if line.startswith(_FIELD) and not self.ended
        )
        if len(self._rest) > _LONGEST_LINE_BYTES:
            self._break_off(f"sent a line of more than {_LONGEST_LINE_BYTES:,} bytes")
        return text if self._half is None else self._join_halves(text)

    def finish(self) -> Finish:
        """Say why the stream ended; called after its last bytes.

        Raises:
            ChatRejectedError: it ended with an error that carries a status to say so.
            ChatUnavailableError: it ended before the model had finished, or with a fault.
        """
        self.feed(b"\n")
        if self._fault is not None or self._reason is None:
            raise name_fault(f"{self._where} {self._fault or self._describe_end()}", self._status)
        return Finish(self._reason, self._usage)

    def _describe_end(self) -> str:
        if self._read_any:
            return "ended the stream without a finish_reason"
        return f"sent no events, but {_show(self._opening)}: is its base URL right?"

    def _break_off(self, fault: str | None, status: int | None = None) -> None:
        self._fault, self._status = fault, status
        self._rest = b""
        self.ended = True

    def _end(self, payload: bytes) -> None:
        ours = payload.strip() == _END
        self._break_off(None if ours else f"sent broken JSON: {_show(payload)}")

    def _read_payload(self, payload: bytes) -> str:
        self._read_any = True
        chunk = self._read_json(payload)
        if self.ended:
            return ""
        if not isinstance(chunk, dict) or chunk.get("error"):
            self._break_off(f"broke off with an error: {_shorten(chunk)}", _find_status(chunk))
            return ""
        if isinstance(usage := chunk.get("usage"), dict):
            self._read_usage(usage)
        choices = chunk.get("choices")
        choice = choices[0] if choices and isinstance(choices, list) else None
        return self._read_choice(choice) if isinstance(choice, dict) else ""

    def _read_json(self, payload: bytes) -> object:
        try:
            return orjson.loads(payload)
        except orjson.JSONDecodeError:
            pass
        try:
            # Takes half a character too: some servers cut an emoji in two, each in a chunk.
            chunk: object = json.loads(payload)
        except ValueError:
            self._end(payload)
            return None
        self._half = self._half or ""
        return chunk

    def _join_halves(self, text: str) -> str:
        """Make one character of its two halves; the first waits for the second."""
        text = (self._half or "") + text
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        whole = text.removesuffix(self._half) if self._half else text
        return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

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


def _show(payload: bytes) -> str:
    return repr(payload[:_SHOWN_CHARACTERS].decode(errors="replace").strip())


def _shorten(chunk: object) -> str:
    """What an error chunk says, on one line."""
    error = chunk.get("error") if isinstance(chunk, dict) else chunk
    said = error.get("message") if isinstance(error, dict) else error
    return repr(said)[:_SHOWN_CHARACTERS]


def _find_status(chunk: object) -> int | None:
    """The HTTP status that an error chunk carries as its code, as many servers do."""
    error = chunk.get("error") if isinstance(chunk, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None
