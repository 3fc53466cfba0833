"""How every command runs and ends: its work, its errors as sentences, its exit code."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import os
import sys
from collections.abc import Callable, Coroutine

from ingest.report import printable
from ingest.screen import Screen
from rag_core.errors import InvalidRequestError, RagError
from rag_core.logs import set_up_logs
from rag_core.settings import Settings, read_settings

logger = logging.getLogger(__name__)

_NOTHING_DONE = 2
_INTERRUPTED = 130


def run(work: Callable[[Settings, Screen], Coroutine[None, None, int]], *, as_json: bool) -> int:
    """Do a command's work; an error becomes a sentence, and the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    screen = Screen(as_json=as_json)
    try:
        settings = read_settings()
        set_up_logs(settings.log_level)
        gc.freeze()  # what is imported stays; looking for garbage in it takes time again and again
        code = asyncio.run(work(settings, screen))
        sys.stdout.flush()
    except RagError as error:
        screen.fail(error)
        return _NOTHING_DONE
    except KeyboardInterrupt:
        screen.fail(InterruptedError("interrupted"))
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has gone; the interpreter would complain about it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        logger.debug("a fault of ours", exc_info=True)
        screen.fail(root_of(error))
        return 1
    return code


def root_of(error: Exception) -> Exception:
    """Find the first of what failed side by side: the group that holds it tells a user nothing."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def refuse(detail: str) -> None:
    """Print the JSON object that says what is wrong with a command line."""
    Screen(as_json=True).fail(InvalidRequestError(printable(detail)))
