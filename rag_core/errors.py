"""Every error of ours, by what the caller does next; others are in `rag_api` and `ingest.evaluate`.

RagError
├── ConfigurationError            give up: a setting is wrong; the text says which and what to do
│   ├── MissingPackageError       a package that a setting needs is not installed
│   ├── FingerprintMismatchError  the collection was embedded by another model
│   └── SplittingMismatchError    the collection is cut in another way than was asked for
├── InvalidRequestError           the caller asked for something that cannot be
│   ├── BundleError               a file of an exported collection cannot be written, or read
│   ├── TooManyRemovalsError      a sync would remove more documents than it may
│   └── RequestTooLargeError      the request, or the question in it, passes a limit
├── UnauthorizedError             the caller did not send the key
├── NotFoundError                 no such thing
│   ├── CollectionNotFoundError
│   ├── DocumentNotFoundError     a document or a chunk of one
│   ├── JobNotFoundError          a job: its end is a week ago, or it never was
│   └── ModelNotFoundError        a model name that answers nothing
├── DocumentError                 skip this document, go on with the rest
│   ├── UnreadableDocumentError   it cannot be opened or parsed
│   ├── EncryptedDocumentError    it asks for a password, and none of those given opens it
│   ├── UnavailableDocumentError  it cannot be had at this moment: the next run tries it again
│   ├── UnsupportedDocumentError  no loader for its type
│   ├── EmptyDocumentError        it holds no text
│   ├── OversizedDocumentError    it passes a limit
│   ├── FetchRefusedError         a rule of ours, or its server, is against fetching it
│   ├── FetchMissingError         its server says that it is not there
│   └── FetchFailedError          its server does not answer well: try again later
├── UnavailableError              try again later: something that we stand on does not answer
│   ├── CatalogUnavailableError
│   ├── VectorsUnavailableError   Chroma cannot be reached, or refuses
│   ├── VectorsMissingError       Chroma does not know the collection: switched away, or lost
│   ├── VectorsBrokenError        Chroma answers for the collection with a fault of its own
│   ├── LexicalUnavailableError
│   ├── ReindexedError            the collection was switched to another version while we wrote
│   ├── EmbeddingUnavailableError
│   ├── OverloadedError           more questions than may be answered at once
│   ├── StoppedError              the server stops, and finishes no more answers
│   ├── UploadsUnavailableError   what is uploaded cannot be written to the disk
│   ├── ChatUnavailableError      it did not answer, or stopped in mid-answer
│   └── ChatRateLimitedError      it asks us to slow down
├── ChatRejectedError             the chat model's server refuses the request: wrong key or model
├── EmbeddingRejectedError        the same of the embedding model's server
├── JobAbandonedError             a job's worker was killed each time that it was tried
├── JobCancelledError             somebody cancelled the job before its end
├── LostVectorsError              vectors of staged documents were deleted: embed their texts again
└── StaleVectorIndexError         the collection was switched to another vector index: add again
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence


class RagError(Exception):
    """Anything that went wrong in a way that we foresaw; its text is fit for a user."""


class ConfigurationError(RagError):
    """A setting is wrong or contradicts what is stored."""


class MissingPackageError(ConfigurationError):
    """A package that a setting needs is not installed."""

    def __init__(self, package: str, *, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the package {package!r}: install it with 'pip install {package}'"
        )


class FingerprintMismatchError(ConfigurationError):
    """The collection was embedded by another model than the settings say now."""

    def __init__(self, collection: str, *, stored: str, current: str) -> None:
        super().__init__(
            f"collection {collection!r} was embedded with {stored!r}, the settings now say "
            f"{current!r}: set EMBEDDING_MODEL and EMBEDDING_PRECISION back, or change the "
            f"collection to it with 'ingest reindex --collection {shlex.quote(collection)}'"
        )


class SplittingMismatchError(ConfigurationError):
    """The collection is cut into chunks in another way than was asked for."""

    def __init__(self, collection: str, *, stored: str, given: str) -> None:
        super().__init__(
            f"collection {collection!r} is cut into chunks of {stored}, not {given!r}: leave these "
            "options out, or change the collection with 'ingest reindex --collection "
            f"{shlex.quote(collection)} {given}'"
        )


class InvalidRequestError(RagError):
    """The caller asked for something that cannot be."""


class BundleError(InvalidRequestError):
    """A file of an exported collection cannot be written, or is damaged, or not for us."""


class TooManyRemovalsError(InvalidRequestError):
    """A sync would remove more documents than it may; nothing was changed."""


class RequestTooLargeError(InvalidRequestError):
    """The request, or the question in it, passes a limit."""


class UnauthorizedError(RagError):
    """The caller did not send the key that RAG_API_KEY asks for."""


class NotFoundError(RagError):
    """No such thing."""


class CollectionNotFoundError(NotFoundError):
    """No collection has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        there_are = ", ".join(map(repr, sorted(known))) if known else "none yet"
        super().__init__(f"no collection {name!r}; there are: {there_are}")


class DocumentNotFoundError(NotFoundError):
    """No live document or chunk has this id."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"no document or chunk {wanted!r}: it was removed, replaced or never there"
        )


class JobNotFoundError(NotFoundError):
    """No job has this id any more."""

    def __init__(self, wanted: str) -> None:
        super().__init__(f"no job {wanted!r}: it ended more than a week ago, or never was")


class ModelNotFoundError(NotFoundError):
    """No model has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no model {name!r}; there are: {', '.join(map(repr, known))}")


class DocumentError(RagError):
    """This document cannot be ingested; the others can."""

    seconds = 0.0
    """How long a parser worked on it."""


class UnreadableDocumentError(DocumentError):
    """It cannot be opened or parsed."""


class EncryptedDocumentError(DocumentError):
    """It asks for a password, and none of those given opens it."""


class UnavailableDocumentError(DocumentError):
    """It cannot be had or parsed at this moment, through no fault of its own."""


class UnsupportedDocumentError(DocumentError):
    """There is no loader for its type."""


class EmptyDocumentError(DocumentError):
    """It holds no text."""


class OversizedDocumentError(DocumentError):
    """It passes a limit of size, memory or time."""


class FetchRefusedError(DocumentError):
    """An address, a scheme, a rule or an answer of its server is against fetching it."""


class FetchMissingError(DocumentError):
    """Its server says that it is not there, or not any more."""


class FetchFailedError(DocumentError):
    """Its server cannot be reached, breaks off or is busy; it may be there later."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UnavailableError(RagError):
    """Something that we stand on does not answer; the same call may go through later."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class CatalogUnavailableError(UnavailableError):
    """The catalog's database does not answer."""


class VectorsUnavailableError(UnavailableError):
    """Chroma cannot be reached, not in time, or it refuses."""


class VectorsMissingError(UnavailableError):
    """Chroma does not know the collection: it was switched away from, or lost."""


class VectorsBrokenError(UnavailableError):
    """Chroma answers for the collection with a fault of its own; a rebuild mends it."""


class LexicalUnavailableError(UnavailableError):
    """The lexical index cannot be read or written."""


class ReindexedError(UnavailableError):
    """The collection was switched to another version while somebody wrote to it, or builds one."""


class EmbeddingUnavailableError(UnavailableError):
    """The embedding model's server does not answer."""


class OverloadedError(UnavailableError):
    """More questions than may be answered at once."""

    def __init__(self, *, answering: int, waiting: int) -> None:
        super().__init__(
            f"{answering:,} questions are being answered and {waiting:,} wait: ask again in some "
            "seconds (RAG_MAX_ANSWERS)"
        )


class StoppedError(UnavailableError):
    """The server stops; what is not finished is not finished any more."""

    def __init__(self) -> None:
        super().__init__("the server stops; ask again when it is back")


class UploadsUnavailableError(UnavailableError):
    """What is uploaded cannot be written to the disk."""


class ChatUnavailableError(UnavailableError):
    """The chat model's server did not answer, or stopped in the middle."""


class ChatRateLimitedError(UnavailableError):
    """The chat model's server asks us to slow down."""


class ChatRejectedError(RagError):
    """The chat model's server refuses the request: a wrong key, model or parameter."""


class EmbeddingRejectedError(RagError):
    """The embedding model's server refuses the request: a wrong key, model or parameter."""


class JobAbandonedError(RagError):
    """A job's worker was killed each time that it was tried."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"given up: its worker was killed {attempts} times; see the system's log")


class JobCancelledError(RagError):
    """Somebody cancelled the job; what was ingested before stays."""

    def __init__(self) -> None:
        super().__init__("the job was cancelled; what was ingested before stays")


class LostVectorsError(RagError):
    """Vectors that staged documents need are no longer in the catalog."""

    def __init__(self, collection: str, document_ids: Sequence[str]) -> None:
        super().__init__(
            f"collection {collection!r}: vectors of {len(document_ids)} documents were deleted "
            "before they were stored: run the same command again"
        )
        self.document_ids = document_ids


class StaleVectorIndexError(RagError):
    """The collection was switched to another vector index while we wrote to the old one."""


def find_retry_after(error: RagError) -> float | None:
    """How long the caller is asked to wait; None when nobody said."""
    return error.retry_after_seconds if isinstance(error, UnavailableError) else None
