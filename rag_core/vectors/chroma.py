"""Vectors by id, in Chroma: put there, taken away, and the closest ones found."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError

from rag_core.errors import (
    ConfigurationError,
    VectorsBrokenError,
    VectorsMissingError,
    VectorsUnavailableError,
)
from rag_core.settings import Settings
from rag_core.vectors.apart import keep_apart
from rag_core.vectors.beams import Beams
from rag_core.vectors.server import IDLE_SECONDS, OwnServer, ServerAddress, running_server
from rag_core.vectors.wire import Find, Wire

_EF_SEARCH = 200
_MAX_BATCH_ROWS = 100
"""Chroma answers no query while it takes a batch in: larger ones hold queries up for longer."""
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_PAGE = 1000
_STANDARD_PORTS = {"http": 80, "https": 443}


class _Limits(BaseModel):
    max_batch_size: int


class _Known(BaseModel):
    id: str
    name: str


class _Held(BaseModel):
    ids: list[str]


class _Closest(BaseModel):
    ids: list[list[str]]
    distances: list[list[float]]


_KNOWN = TypeAdapter(list[_Known])
_COUNT = TypeAdapter(int)


class Vectors:
    """Collections of a Chroma server. All but `query`, `count` and `names` may be run twice.

    Every method raises VectorsUnavailableError when the server cannot be reached,
    VectorsMissingError for a collection that it does not know, and VectorsBrokenError when it
    answers with a fault.
    """

    def __init__(
        self, wire: Wire, database: str, *, max_rows: int, server: OwnServer | None, home: Path
    ) -> None:
        self._wire = wire
        self._collections = f"{database}/collections"
        self._max_rows = max_rows
        self._ids: dict[str, str] = {}
        self._beams = Beams(self.count)
        self.server = server
        """The server that is ours; None for one that is reached by CHROMA_URL."""
        self.home = home
        """Where this machine's processes take turns at the upkeep."""

    async def create(self, name: str) -> None:
        """Make a collection, if it is not there."""
        hnsw = {"space": "cosine", "ef_search": _EF_SEARCH}
        body = {"name": name, "get_or_create": True, "configuration": {"hnsw": hnsw}}
        made = _Known.model_validate(await self._wire.call("POST", self._collections, body))
        self._ids[name] = made.id

    async def drop(self, name: str) -> None:
        """Remove a collection with all its vectors, if it is there."""
        self._ids.pop(name, None)
        try:
            await self._wire.call("DELETE", f"{self._collections}/{name}")
        except VectorsMissingError:
            return

    async def names(self) -> list[str]:
        """Name every collection of the database, ours and others'."""
        found: list[str] = []
        while True:
            page = f"?limit={_PAGE}&offset={len(found)}"
            rows = _KNOWN.validate_python(await self._wire.call("GET", self._collections + page))
            found += [row.name for row in rows]
            if len(rows) < _PAGE:
                return found

    async def add(self, name: str, ids: Sequence[str], matrix: np.ndarray) -> None:
        """Put vectors, one row of float32 per id in the same order, in place of those of old.

        Each a hair beside its place, or many equal ones would hide all others.
        """
        if not len(ids):
            return
        rows = keep_apart(ids, matrix)
        for start, end in batches(len(ids), rows.nbytes, max_rows=self._max_rows):
            encoded = [base64.b64encode(row).decode("ascii") for row in rows[start:end]]
            body = {"ids": list(ids[start:end]), "embeddings": encoded}
            await self._call("POST", name, "/upsert", body)

    async def remove(self, name: str, ids: Sequence[str]) -> None:
        """Take vectors away; ids that are not there do no harm."""
        for start, end in batches(len(ids), 0, max_rows=self._max_rows):
            await self._call("POST", name, "/delete", {"ids": list(ids[start:end])})

    async def query(self, name: str, vector: np.ndarray, k: int) -> list[tuple[str, float]]:
        """Find up to k ids and their cosine similarities, the closest first."""
        if k < 1:
            return []
        embedding = np.ascontiguousarray(vector, dtype=np.float32)
        beam = await self._beams.find(name)
        asked = max(k, beam) if beam > _EF_SEARCH else k
        body = {"query_embeddings": [embedding], "n_results": asked, "include": ["distances"]}
        closest = _Closest.model_validate(await self._call("POST", name, "/query", body))
        return [
            (found, 1.0 - distance)
            for found, distance in zip(closest.ids[0][:k], closest.distances[0][:k], strict=True)
        ]

    async def held(self, name: str, ids: Sequence[str]) -> set[str]:
        """Which of these ids the collection has; whether a query finds them is another matter."""
        found: set[str] = set()
        for start in range(0, len(ids), _PAGE):
            body = {"ids": list(ids[start : start + _PAGE]), "include": []}
            found.update(_Held.model_validate(await self._call("POST", name, "/get", body)).ids)
        return found

    async def count(self, name: str) -> int:
        """How many vectors the collection says it has; after damage it may find fewer."""
        return _COUNT.validate_python(await self._call("GET", name, "/count"))

    async def check(self) -> None:
        """Make sure that the server answers from its database."""
        await self._wire.call("GET", f"{self._collections}_count")

    def forget(self) -> None:
        """Look every collection up again: the store has become another one."""
        self._ids.clear()

    async def _call(self, method: str, name: str, what: str, body: object = None) -> object:
        """Call on a collection; a remembered id that has become wrong is forgotten."""
        if not name:
            raise VectorsMissingError("the collection has no vectors in Chroma yet")
        if name not in self._ids:
            known = await self._wire.call("GET", f"{self._collections}/{name}")
            self._ids[name] = _Known.model_validate(known).id
        try:
            return await self._wire.call(
                method, f"{self._collections}/{self._ids[name]}{what}", body
            )
        except VectorsMissingError:
            self._ids.pop(name, None)
            raise


@asynccontextmanager
async def open_vectors(
    settings: Settings, *, idle_seconds: float = IDLE_SECONDS
) -> AsyncIterator[Vectors]:
    """Connect to the server of CHROMA_URL, or to our own, which is started if need be.

    Raises:
        VectorsUnavailableError: it cannot be reached or started; says why.
        ConfigurationError: CHROMA_URL or CHROMA_TOKEN is wrong.
    """
    if settings.chroma_url is not None:
        async with _connected(settings, read_address(settings.chroma_url), None) as vectors:
            yield vectors
        return
    async with (
        running_server(settings.home, idle_seconds=idle_seconds) as server,
        _connected(settings, await server.find(), server) as vectors,
    ):
        yield vectors


@asynccontextmanager
async def _connected(
    settings: Settings, address: ServerAddress, server: OwnServer | None
) -> AsyncIterator[Vectors]:
    find: Find | None = None if server is None else server.find
    wire = Wire(address, _headers(settings), find)
    try:
        limits = await _read_limits(wire)
        database = await _open_database(wire, settings, server)
        rows = limits.max_batch_size
        yield Vectors(wire, database, max_rows=rows, server=server, home=settings.home)
    finally:
        await wire.close()


async def _read_limits(wire: Wire) -> _Limits:
    try:
        return _Limits.model_validate(await wire.call("GET", "/pre-flight-checks"))
    except (ValidationError, VectorsMissingError) as error:
        raise VectorsUnavailableError(f"{wire.name} answers, but not like Chroma") from error


async def _open_database(wire: Wire, settings: Settings, server: OwnServer | None) -> str:
    """Find the database; a store of our own that cannot even do that is moved aside."""
    tenant, database = settings.chroma_tenant, settings.chroma_database
    store = 0 if server is None else server.store_number()
    try:
        return await _ensure_database(wire, tenant, database)
    except VectorsBrokenError:
        if server is None:
            raise
    await server.start_afresh(broken=store)
    return await _ensure_database(wire, tenant, database)


async def _ensure_database(wire: Wire, tenant: str, database: str) -> str:
    """Make tenant and database if they are not there; returns the path of the database."""
    tenant_path = f"/tenants/{quote(tenant, safe='')}"
    path = f"{tenant_path}/databases/{quote(database, safe='')}"
    try:
        await wire.call("GET", path)
    except VectorsMissingError:
        await wire.call("POST", "/tenants", {"name": tenant})
        await wire.call("POST", f"{tenant_path}/databases", {"name": database})
    return path


def _headers(settings: Settings) -> Mapping[str, str]:
    if settings.chroma_url is None or settings.chroma_token is None:
        return {}
    return {"Authorization": f"Bearer {settings.chroma_token.get_secret_value()}"}


def read_address(url: str) -> ServerAddress:
    """Take CHROMA_URL apart.

    Raises:
        ConfigurationError: it is no URL of http or https.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"CHROMA_URL={url!r}: {error}") from error
    if parts.scheme not in _STANDARD_PORTS or not parts.hostname:
        raise ConfigurationError(f"CHROMA_URL={url!r}: must look like http://host:8000")
    return ServerAddress(
        host=parts.hostname,
        port=_STANDARD_PORTS[parts.scheme] if port is None else port,
        tls=parts.scheme == "https",
        path=parts.path.rstrip("/"),
    )


def batches(count: int, total_bytes: int, *, max_rows: int) -> list[tuple[int, int]]:
    """Cut rows into half-open parts that each fit into one request."""
    rows_that_fit = max(1, _MAX_BATCH_BYTES * count // max(1, total_bytes))
    size = min(max_rows, _MAX_BATCH_ROWS, rows_that_fit)
    return [(start, min(start + size, count)) for start in range(0, count, size)]
