"""The process that parses and cuts files, under limits of memory and time, for the sandbox.

Started as `python -m ingest.sandbox_worker TOKENIZER SPLITTING PARENT_PID`, the second in JSON;
frames of `ingest.parsed` on standard input and output; ends with its input or with its parent.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import re
import resource
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import orjson

from ingest.load import MAX_FILE_BYTES, Options, load_document
from ingest.parsed import LENGTH_BYTES, Accepted, Answer, ParseRequest, Ready, Refused, cut
from ingest.split import split_document
from rag_core.address_space import count_mapped_bytes
from rag_core.documents import Document, Splitting
from rag_core.errors import (
    DocumentError,
    EmptyDocumentError,
    OversizedDocumentError,
    RagError,
    UnavailableDocumentError,
    UnreadableDocumentError,
)
from rag_core.languages import detect_language
from rag_core.parent import end_with_parent
from rag_core.tokens import TokenCounter, open_counter

_MIB = 1 << 20
_FILE_BYTES = 64 * _MIB
"""The largest file that a parser may write."""
_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
"""Errors of the system that another file would meet, too."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def main() -> None:
    """Answer requests until the input ends."""
    tokenizer, options, parent = sys.argv[1:]
    splitting = Splitting(**orjson.loads(options))
    if not end_with_parent(int(parent), signal.SIGKILL):
        return
    requests, answers = _take_pipes()
    try:
        counter = open_counter(tokenizer)
    except RagError as error:
        _write(answers, _refused(error))
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    gc.freeze()
    _write(answers, Ready(ready=True))
    _silence(2)
    while (request := _read(requests)) is not None:
        _write(answers, _answer(request, counter, splitting))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes for ourselves: what a library prints must not get between the frames."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _silence(0, 1)
    return requests, answers


def _silence(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _read(pipe: BinaryIO) -> ParseRequest | None:
    head = pipe.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    return ParseRequest(**orjson.loads(pipe.read(int.from_bytes(head, "big"))))


def _write(pipe: BinaryIO, answer: Answer) -> None:
    frame = orjson.dumps(answer)
    pipe.write(len(frame).to_bytes(LENGTH_BYTES, "big"))
    pipe.write(frame)
    pipe.flush()


def _answer(request: ParseRequest, counter: TokenCounter, splitting: Splitting) -> Answer:
    _limit(request)
    try:
        return _parse(request, counter, splitting)
    except MemoryError:
        detail = f"the file needs more than {request.memory_bytes // _MIB} MB of memory"
        return _refused(OversizedDocumentError(detail))
    except DocumentError as error:
        return _refused(error)
    except Exception as error:  # noqa: BLE001 - parsers raise what they like; one file pays for it
        return _refused(_blame(error))
    finally:
        _unlimit()


def _parse(request: ParseRequest, counter: TokenCounter, splitting: Splitting) -> Accepted:
    path = Path(request.path)
    content = _read_content(path)
    document = _storable(
        load_document(
            path,
            source=request.source,
            content=content,
            options=Options(request.passwords, splitting.fields),
        )
    )
    chunks = split_document(document, counter, splitting)
    if not chunks:
        raise EmptyDocumentError("it holds no text")
    return Accepted(document, cut(chunks), hashlib.sha256(content).hexdigest(), len(content))


def _read_content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise OversizedDocumentError(f"it has more than {MAX_FILE_BYTES // _MIB} MB")
        return path.read_bytes()
    except OSError as error:
        raise UnavailableDocumentError(f"cannot read it: {error.strerror or error}") from error


def _blame(error: Exception) -> DocumentError:
    """Say what a parser failed at: the machine, or the file."""
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return UnavailableDocumentError(f"cannot parse it now: {error.strerror or error}")
    # Where, in place of the message: that may quote the file, and goes into logs.
    place = traceback.extract_tb(error.__traceback__)[-1]
    at = f"{Path(place.filename).stem}:{place.lineno}"
    return UnreadableDocumentError(f"the parser failed: {type(error).__name__} at {at}")


def _storable(document: Document) -> Document:
    """Replace, one for one, the half characters and zeros that no database takes."""
    text = _clean(document.text)
    language = detect_language(text)
    return replace(document, title=_clean(document.title), text=text, language=language)


def _clean(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _limit(request: ParseRequest) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + request.seconds
    _set_soft(resource.RLIMIT_CPU, seconds)
    _set_soft(resource.RLIMIT_AS, count_mapped_bytes() + request.memory_bytes)


def _unlimit() -> None:
    """Leave room to report what happened."""
    _set_soft(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def _set_soft(limit: int, value: int) -> None:
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY and (value > hard or value == resource.RLIM_INFINITY):
        value = hard
    resource.setrlimit(limit, (value, hard))


def _refused(error: RagError) -> Refused:
    return Refused(type(error).__name__, str(error))


if __name__ == "__main__":
    main()
