"""The errors of answers and their runs, under those of `rag_core.errors`."""

from __future__ import annotations

from rag_core.errors import InvalidRequestError, NotFoundError, RagError


class AnswerCancelledError(RagError):
    """Somebody cancelled the answer, or all who read it left."""


class AnswerFailedError(RagError):
    """The answer ended with a `Failed` event; its text is the event's detail."""

    def __init__(
        self,
        detail: str,
        *,
        error: str,
        retryable: bool,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.error = error
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class AnswerNotFoundError(NotFoundError):
    """No run has this id any more."""

    def __init__(self, wanted: str, *, instead: str = "ask again") -> None:
        super().__init__(
            f"no answer {wanted!r}: it ended some minutes ago, or the server was started anew; "
            f"{instead}"
        )


class EventsDroppedError(NotFoundError):
    """An answer is so long that its first events are kept no more."""

    def __init__(self, count: int) -> None:
        super().__init__(f"the first {count:,} events of this answer are kept no more: ask again")


class PreviousAnswerMissingError(InvalidRequestError):
    """The answer that a question goes on from is kept no more."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"no previous response {wanted!r}: it ended some minutes ago, or the server was "
            "started anew; send the conversation as input instead"
        )
