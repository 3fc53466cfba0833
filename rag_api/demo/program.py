"""The program that serves the page as a child of the API, which relays to it."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import socket
from collections.abc import Sequence

from rag_api.demo import HOW_TO_GET_IT, is_installed
from rag_api.demo.client import Api
from rag_core.errors import ConfigurationError
from rag_core.parent import end_with_parent
from rag_core.settings import Settings

KEY_VARIABLE = "RAG_DEMO_KEY"
"""In the environment and not on the command line, where other users would read it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the page on the socket that the parent has bound, until SIGTERM or its end."""
    given = _read(arguments)
    if not end_with_parent(given.parent, signal.SIGTERM):
        return
    api = Api(given.url, os.environ.get(KEY_VARIABLE) or None)
    with socket.socket(fileno=given.listener) as listener:
        serve_page(api, listener, same_site=True, max_upload_mb=given.max_upload_mb)


def serve_alone(url: str, listener: socket.socket, settings: Settings) -> None:
    """Serve the page at an address of its own, for the API at this URL.

    Raises:
        ConfigurationError: as below.
    """
    key = settings.demo_key.get_secret_value() if settings.demo_key else None
    api = Api(url.rstrip("/"), key)
    serve_page(api, listener, same_site=False, max_upload_mb=settings.max_upload_mb)


def serve_page(api: Api, listener: socket.socket, *, same_site: bool, max_upload_mb: int) -> None:
    """Serve the page until SIGTERM.

    Raises:
        ConfigurationError: Gradio is not installed.
    """
    if not is_installed():
        raise ConfigurationError(HOW_TO_GET_IT)
    # Read when it is imported. Nothing that the page does is anybody else's business.
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    # It imports in 3 s, and whoever only wants to know what the program can do does without.
    server = importlib.import_module("rag_api.demo.server")
    app = server.create_page_app(api, same_site=same_site, max_upload_mb=max_upload_mb)
    server.run_page(app, listener)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rag_api.demo", description=__doc__)
    parser.add_argument("--url", required=True, help="of the API")
    parser.add_argument("--listener", type=int, required=True, help="descriptor of a socket")
    parser.add_argument("--parent", type=int, required=True, help="process that it ends with")
    parser.add_argument("--max-upload-mb", type=int, required=True, help="of a file, in MiB")
    return parser.parse_args(arguments)
