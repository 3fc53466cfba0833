"""The process that draws one page of a file that nobody trusts, and ends.

Started as `python -m rag_api.pictures.program DESCRIPTOR PARENT_PID`, with the file open at that
descriptor; an order in JSON on standard input, a line of JSON and a PNG on standard output.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import sys
from dataclasses import asdict

import pypdfium2
from pypdfium2 import raw

from rag_api.pictures.drawing import Picture, draw_page
from rag_api.pictures.order import Fault, Order, Told
from rag_core.address_space import count_mapped_bytes
from rag_core.parent import end_with_parent

CPU_SECONDS = 10
"""A usual page takes 0.2, the last of 100,000 pages 2."""
MEMORY_BYTES = 512 << 20
"""Beside the libraries and the file itself."""
_MOST_FILES = 64
"""Open at once: pdfium reads the system's fonts."""
_NICENESS = 10


class _RefusedError(Exception):
    """There is no picture; for the reason that is told."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def main() -> None:
    """Draw what the order says."""
    descriptor, parent = map(int, sys.argv[1:])
    if not end_with_parent(parent, signal.SIGKILL):
        return
    os.nice(_NICENESS)
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    order = _read_order()
    _limit(order.size_bytes)
    try:
        picture = _draw(order, _read_file(descriptor, order))
    except _RefusedError as refused:
        told, png = Told(refused.fault), b""
    except MemoryError:
        told, png = Told("memory"), b""
    else:
        told, png = Told(marked_share=picture.matched.share), picture.png
    output.write(json.dumps(asdict(told)).encode() + b"\n" + png)
    output.flush()
    # Not by the interpreter's way out: what a hostile file has broken may hang there.
    os._exit(0)


def _read_order() -> Order:
    given = json.loads(sys.stdin.buffer.read())
    ranges = tuple((start, end) for start, end in given.pop("ranges"))
    return Order(**given, ranges=ranges)


def _limit(size_bytes: int) -> None:
    """Take from now on no more than this one picture may."""
    for limit, most in (
        (resource.RLIMIT_AS, count_mapped_bytes() + size_bytes + MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_NOFILE, _MOST_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(limit)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (bound, bound))


def _read_file(descriptor: int, order: Order) -> bytes:
    """Read the file, which is drawn only if these very bytes are those of the document."""
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(order.size_bytes + 1)
    if hashlib.sha256(content).hexdigest() != order.content_hash:
        raise _RefusedError("changed")
    return content


def _draw(order: Order, content: bytes) -> Picture:
    try:
        document = pypdfium2.PdfDocument(content)
        document.init_forms()
        if order.page > len(document):
            raise _RefusedError("page")
        page = document[order.page - 1]
        return draw_page(page, text=order.text, ranges=order.ranges, width=order.width)
    except pypdfium2.PdfiumError as error:
        encrypted = error.err_code == raw.FPDF_ERR_PASSWORD
        raise _RefusedError("encrypted" if encrypted else "broken") from error


if __name__ == "__main__":
    main()
