"""What goes wrong with an evaluation alone.

RagError
├── ConfigurationError
│   └── MissingExtraError     an optional part of this project is not installed
├── InvalidRequestError
│   └── DatasetError          questions are broken, or expect documents that are not there
└── AnswerFailedError         an answer, or the judgement of it, could not be had
"""

from __future__ import annotations

from rag_core.errors import ConfigurationError, InvalidRequestError, RagError


class MissingExtraError(ConfigurationError):
    """An optional part of this project, which a command needs, is not installed."""

    def __init__(self, extra: str, *, package: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the extra {extra!r} (there is no package {package!r}): install it "
            f"in the folder of this project with .venv/bin/pip install '.[{extra}]'"
        )


class DatasetError(InvalidRequestError):
    """Questions to evaluate with are broken, or expect what is not there; names file and line."""


class AnswerFailedError(RagError):
    """An answer that is evaluated, or the judgement of it, could not be had."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
