"""An order and an open file → a picture, drawn by a process that may take only so much."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import orjson
from pydantic import TypeAdapter, ValidationError

from rag_api.pictures.errors import NoPictureError, OriginalChangedError
from rag_api.pictures.order import Drawn, Fault, Order, Told
from rag_api.processes import bare_environment
from rag_core.errors import RagError

logger = logging.getLogger(__name__)

# -P: a module that lies in the working folder is no part of the program.
COMMAND = (sys.executable, "-P", "-m", "rag_api.pictures.program")

SECONDS = 30.0
"""By the clock: the machine may be busy."""
_MOST_BYTES = 32 << 20
"""Of an answer: a picture has 18 MB before it is packed."""
_PNG = b"\x89PNG"
_TOLD = TypeAdapter(Told)
_FAULTS: dict[Fault, str] = {
    "encrypted": "the PDF is encrypted: a page cannot be drawn without its password",
    "broken": "the PDF is damaged here: its text was read, this page cannot be drawn",
    "memory": "this page takes too much memory to be drawn",
    "page": "the PDF is damaged: it cannot be drawn as far as this page",
}


async def draw_in_child(order: Order, file: int, *, command: Sequence[str] = COMMAND) -> Drawn:
    """Draw a page of the file that is open at this descriptor, which the caller closes.

    Raises:
        NoPictureError: the page cannot be drawn.
        OriginalChangedError: the file is not the one that the document was read from.
    """
    child = await asyncio.create_subprocess_exec(
        *(*command, str(file), str(os.getpid())),
        stdin=PIPE,
        stdout=PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=[file],
        env=bare_environment(),
    )
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _ask(child, orjson.dumps(order))
            code = await child.wait()
    except TimeoutError as error:
        raise NoPictureError(f"the page takes more than {SECONDS:.0f} s to be drawn") from error
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return _read(answer, code)


async def _ask(child: Process, order: bytes) -> bytes:
    """Send the order; gives what is answered to its end, or to more than an answer may have."""
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("a child is always started with pipes")
    with suppress(ConnectionError):  # it has ended: its code says how
        child.stdin.write(order)
        await child.stdin.drain()
        child.stdin.close()
    answer = bytearray()
    while piece := await child.stdout.read(1 << 20):
        answer += piece
        if len(answer) > _MOST_BYTES:
            raise NoPictureError(f"the picture has more than {_MOST_BYTES >> 20} MB")
    return bytes(answer)


def _read(answer: bytes, code: int) -> Drawn:
    """Take what a child said; it is not trusted, since a hostile file may have taken it."""
    if code != 0:
        raise _crashed(code)
    line, _, png = answer.partition(b"\n")
    try:
        told = _TOLD.validate_json(line)
    except ValidationError as error:
        raise NoPictureError("the page cannot be drawn: the answer is garbage") from error
    if told.fault is not None:
        raise _refused(told.fault)
    if not png.startswith(_PNG):
        raise NoPictureError("the page cannot be drawn: the answer is no picture")
    return Drawn(png, told.marked_share)


def _refused(fault: Fault) -> RagError:
    if fault == "changed":
        return OriginalChangedError(
            "the file has changed since the document was read from it: ingest it again"
        )
    return NoPictureError(_FAULTS[fault])


def _crashed(code: int) -> NoPictureError:
    if -code in {signal.SIGXCPU, signal.SIGKILL}:
        return NoPictureError("the page takes too much of the processor to be drawn")
    if code > 0:  # pdfium's crashes are signals
        logger.warning("%s ended with code %d: a fault of ours", " ".join(COMMAND), code)
    return NoPictureError(
        f"the page cannot be drawn (code {code}): the PDF is damaged or too large"
    )
