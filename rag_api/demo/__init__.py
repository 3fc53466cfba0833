"""The demo page: a Gradio page that asks the API over HTTP, as any other client does."""

from __future__ import annotations

from importlib.util import find_spec

HOW_TO_GET_IT = (
    "The demo page needs Gradio, which is not installed here: run 'make install-demo', or "
    "'pip install \"rag[demo]\"', and start the API again."
)


def is_installed() -> bool:
    """Whether the page can be served; does not import Gradio, which takes seconds."""
    return find_spec("gradio") is not None
