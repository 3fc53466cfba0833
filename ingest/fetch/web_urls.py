"""Web URLs in their one normal form, which is the name of the document behind them."""

from __future__ import annotations

import re
import socket
from pathlib import PurePosixPath
from urllib.parse import unquote

from yarl import URL

from ingest.report import printable
from rag_core.errors import FetchRefusedError

_LOOKS_LIKE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:::[A-Za-z][A-Za-z0-9+.-]*)*://")
_WEB = ("http", "https")
_LONGEST = 2048
_LONGEST_NAME = 150
_PLAIN_HOST = re.compile(r"[a-z0-9._:-]+")
_SECRET = re.compile(r"(?<=://)[^/?#@]*@")


def is_url(text: str) -> bool:
    """Tell whether this names a place elsewhere, `scheme://…`, and not a path."""
    return _LOOKS_LIKE_URL.match(text) is not None


def is_web_url(text: str) -> bool:
    """Tell whether this is fetched by HTTP; of a caller whom nobody knows take nothing else."""
    return text.partition("://")[0].lower() in _WEB and is_url(text)


def show_url(text: str) -> str:
    """Write a URL fit for a report: without a name and password in it."""
    return printable(_SECRET.sub("", text))


def normalise_url(text: str, *, base: str | None = None) -> str:
    """Write a web URL in its normal form: no fragment, default port, dots or credentials.

    `base` is the page that a link stands in.

    Raises:
        FetchRefusedError: it is no web URL, or carries credentials.
    """
    url = _read_url(text, base)
    if url.user is not None or url.password is not None:
        raise FetchRefusedError(
            f"{show_url(text)!r} has a name or password in it: pages that ask for one "
            "are not fetched"
        )
    _check_host(url, text)
    url = url.with_fragment(None)
    if url.explicit_port is not None and url.is_default_port():
        url = url.with_port(None)
    return str(url.with_path("/", keep_query=True) if url.raw_path == "/" else url)


def _read_url(text: str, base: str | None) -> URL:
    try:
        url = URL(text.strip()) if base is None else URL(base).join(URL(text.strip()))
    except ValueError as error:
        raise FetchRefusedError(f"{show_url(text)!r} is no URL: {error}") from None
    if url.scheme not in _WEB:
        raise FetchRefusedError(f"{show_url(text)!r} is no http:// or https:// URL")
    return url


def _check_host(url: URL, text: str) -> None:
    host = url.raw_host
    if not host or not _PLAIN_HOST.fullmatch(host) or len(text) > _LONGEST:
        raise FetchRefusedError(f"{show_url(text)!r} has no host that can be looked up")
    if ":" in host:
        return
    try:
        number = socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return
    if number != host:
        raise FetchRefusedError(f"{show_url(text)!r} hides the address {number}: write that")


def find_host(url: str) -> str:
    """Scheme, host and port of a normal URL: what rates and robots.txt go by."""
    return str(URL(url, encoded=True).origin())


def find_name(url: str) -> str:
    """Name the file at a normal URL as its last part says, in no more than one part of a path."""
    last = PurePosixPath(unquote(URL(url, encoded=True).raw_path)).name
    name = re.sub(r"[\0/\\]", "_", last).encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return name.lstrip(".")
