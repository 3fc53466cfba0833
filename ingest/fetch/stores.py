"""The URL of an object store, or of any place that fsspec knows, to the objects below it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

import fsspec
from fsspec.registry import get_filesystem_class, known_implementations

from ingest.fetch.found import Found
from ingest.fetch.guard import FetchLimits, Guard
from ingest.fetch.names import object_to_name
from ingest.fetch.objects import Store, StoredObject, plain_faults
from ingest.fetch.web import Web
from ingest.fetch.web_urls import show_url
from rag_core.errors import FetchRefusedError

_REFUSED = frozenset(
    [
        # What we fetch ourselves, and what would ask web servers behind the guard's back.
        *("http", "https", "file", "local", "data", "github", "gist", "git", "jlab", "jupyter"),
        *("webdav", "webhdfs", "dbfs", "dask"),
        # What stands before other places.
        *("dir", "zip", "tar", "libarchive", "reference", "generic", "cached", "blockcache"),
        *("filecache", "simplecache", "async_wrapper", "asyncwrapper", "asynclocal", "pyscript"),
    ]
)
_HOSTED = frozenset(("sftp", "ssh", "ftp", "smb"))
"""Where the URL names a host, not a bucket of a service."""
_AT_ONCE = 4
_VERSIONS = ("ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "last_modified")
_DATES = ("updated", "modified", "modify", "created")
_PACKAGES = {"fsspec.implementations.sftp": "paramiko", "fsspec.implementations.smb": "smbprotocol"}

_Info = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Depot:
    """The way to stores; one for a run."""

    web: Web
    guard: Guard
    limits: FetchLimits
    found: Found

    async def take(self, source: str) -> None:
        """Find the objects behind a URL: one, or all below it.

        Raises:
            DocumentError: the store cannot be listed.
        """
        parts, name = read_store_url(source), show_url(source)
        hosted = parts.scheme in _HOSTED
        if hosted:
            with plain_faults():
                # Not pinned: these libraries connect by name. A person named the host.
                await self.guard.resolve(parts.hostname or "")
        filesystem, path, infos = await asyncio.to_thread(_list, source)
        turn = asyncio.Semaphore(1 if hosted else _AT_ONCE)
        store = Store(filesystem, self.web, turn, self.limits)
        if path in infos:
            self._add(name, store, path, infos[path])
            return
        for at, info in sorted(infos.items()):
            below = at.removeprefix(path.rstrip("/")).lstrip("/")
            reason = object_to_name(below) if info.get("type") == "file" else "no plain object"
            if reason is None:
                self._add(f"{name.rstrip('/')}/{below}", store, at, info)
            else:
                self.found.skip(reason)

    def _add(self, source: str, store: Store, path: str, info: _Info) -> None:
        size = int(info.get("size") or 0)
        self.found.add(source, StoredObject(source, store, path, find_version(info)), size)


def read_store_url(source: str) -> SplitResult:
    """Take a URL apart that a store may be behind.

    Raises:
        FetchRefusedError: nothing is fetched from there, or a package is missing.
    """
    shown, scheme = show_url(source), source.partition("://")[0]
    if "::" in scheme:
        raise FetchRefusedError(f"{shown!r} chains places: name the place itself")
    if scheme in _REFUSED or scheme not in fsspec.available_protocols():
        raise FetchRefusedError(f"{shown!r}: nothing is fetched by {scheme}://")
    try:
        parts = urlsplit(source)
        secret = parts.password is not None
    except ValueError as error:
        raise FetchRefusedError(f"{shown!r} is no URL: {error}") from None
    if secret:
        raise FetchRefusedError(
            f"{shown!r} was given with a password in it: put it where the store's own tools look"
        )
    _require_package(scheme)
    return parts


def find_version(info: _Info) -> str | None:
    """By what a list tells versions of an object apart; None when it does not."""
    for name in (*_VERSIONS, *_DATES):
        value = info.get(name)
        if value is not None:  # one and the same store writes a moment in two ways
            shown = value.timestamp() if isinstance(value, datetime) else value
            return f"{name}={shown} size={info.get('size')}"
    return None


def _require_package(scheme: str) -> None:
    try:
        get_filesystem_class(scheme)
    except ImportError as error:
        module = known_implementations[scheme]["class"].rpartition(".")[0]
        package = _PACKAGES.get(module, module.partition(".")[0])
        raise FetchRefusedError(
            f"{scheme}:// needs the package {package!r}: install it with 'pip install {package}'"
        ) from error


def _list(source: str) -> tuple[Any, str, Mapping[str, _Info]]:
    """Open a store and list all below a path; only the path itself when it is an object."""
    with plain_faults():
        filesystem, path = fsspec.url_to_fs(source)
        filesystem.invalidate_cache()
        info: _Info = filesystem.info(path)
        if info.get("type") == "file":
            return filesystem, path, {path: info}
        return filesystem, path, filesystem.find(path, detail=True)
