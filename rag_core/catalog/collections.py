"""Collections: what each was embedded with, and which vector index is its current one.

Beside the one that readers see, a collection may have versions that they do not: rows of their own
with names that nobody can give, `NAME<US>next` and `NAME<US>previous`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Select, bindparam, case, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from rag_core.catalog import tables
from rag_core.catalog.engine import Catalog
from rag_core.documents import DEFAULT_SPLITTING, Splitting, Strategy
from rag_core.errors import CollectionNotFoundError, FingerprintMismatchError, ReindexedError

_MARK = "\x1f"
_table = tables.collections
_COLUMNS = (
    _table.c.id,
    _table.c.name,
    _table.c.fingerprint,
    _table.c.dimension,
    _table.c.vector_index,
    _table.c.removed_vectors,
    _table.c.seq,
    _table.c.chunk_tokens,
    _table.c.overlap_tokens,
    _table.c.strategy,
    _table.c.fields,
    _table.c.least_score,
)
_ALL: Select[*tuple[Any, ...]] = select(*_COLUMNS)
_BY_NAME = _ALL.where(_table.c.name == bindparam("wanted"))
_is_visible = ~_table.c.name.contains(_MARK)
# As text, since SQLAlchemy has ON CONFLICT for each database apart, and this suits both.
_ADD = text(
    "INSERT INTO collections"
    " (name, fingerprint, dimension, vector_index, removed_vectors, seq, created_at,"
    " chunk_tokens, overlap_tokens, strategy, fields, least_score)"
    " VALUES (:name, :fingerprint, :dimension, :vector_index, 0, 0, :created_at,"
    " :chunk_tokens, :overlap_tokens, :strategy, :fields, :least_score)"
    " ON CONFLICT (name) DO NOTHING"
).bindparams(
    bindparam("created_at", type_=tables.UtcTime), bindparam("fields", type_=tables.JsonTuple)
)


Version = Literal["next", "previous", "dropped"]


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it was when it was read."""

    id: int
    name: str
    fingerprint: str
    """Of the embedding model that made its vectors."""
    dimension: int
    vector_index: str
    """The Chroma collection that is current."""
    removed_vectors: int
    """Deleted from the vector index since it was made."""
    seq: int
    """Of the last change to its live documents."""
    chunk_tokens: int
    overlap_tokens: int
    strategy: Strategy
    fields: tuple[str, ...]
    least_score: float | None = None
    """Fused score of the best passage, below which nothing answers; None when nobody calibrated."""

    @property
    def splitting(self) -> Splitting:
        """How its documents are cut."""
        return Splitting(self.chunk_tokens, self.overlap_tokens, self.strategy, self.fields)


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection and how much of it is live."""

    name: str
    documents: int
    chunks: int
    tokens: int
    fingerprint: str
    created_at: datetime
    chunk_tokens: int
    overlap_tokens: int
    strategy: Strategy
    fields: tuple[str, ...]
    least_score: float | None = None

    @property
    def splitting(self) -> Splitting:
        """How its documents are cut."""
        return Splitting(self.chunk_tokens, self.overlap_tokens, self.strategy, self.fields)


def new_vector_index() -> str:
    """Name a Chroma collection that is not there yet."""
    return f"rag-{secrets.token_hex(8)}"


def version_name(name: str, version: Version) -> str:
    """Name a version of a collection that readers do not see."""
    return f"{name}{_MARK}{version}"


def visible_name(name: str) -> str:
    """The name that readers know of a collection, whichever its version."""
    return name.partition(_MARK)[0]


async def get_collection(catalog: Catalog, name: str) -> Collection:
    """Read a collection.

    Raises:
        CollectionNotFoundError: there is none of this name; says which there are.
    """
    rows = await catalog.rows(_BY_NAME, {"wanted": name})
    if not rows:
        async with catalog.reading() as connection:
            raise CollectionNotFoundError(name, await _names(connection))
    return Collection(*rows[0])


async def get_readable(catalog: Catalog, name: str, *, fingerprint: str) -> Collection:
    """Read a collection, as the model with this fingerprint can search it.

    Where it was reindexed with another model, that is the version from before, as long as it is
    kept: a program that was started with the old model goes on answering.

    Raises:
        CollectionNotFoundError: there is none of this name.
        FingerprintMismatchError: it was embedded by another model.
    """
    collection = await get_collection(catalog, name)
    if collection.fingerprint == fingerprint:
        return collection
    previous = await catalog.rows(_BY_NAME, {"wanted": version_name(name, "previous")})
    if previous and previous[0].fingerprint == fingerprint:
        return Collection(*previous[0])
    raise FingerprintMismatchError(name, stored=collection.fingerprint, current=fingerprint)


async def ensure_collection(
    catalog: Catalog,
    name: str,
    *,
    fingerprint: str,
    dimension: int,
    splitting: Splitting = DEFAULT_SPLITTING,
    least_score: float | None = None,
) -> Collection:
    """Read a collection, made first if need be; two makers at once get the same one.

    One that is there keeps its own splitting and least score.

    Raises:
        FingerprintMismatchError: it is there, and was embedded by another model.
    """
    async with catalog.writing() as connection:
        values = {
            "name": name,
            "fingerprint": fingerprint,
            "dimension": dimension,
            "vector_index": new_vector_index(),
            "created_at": datetime.now(UTC),
            "least_score": least_score,
            **asdict(splitting),
        }
        await connection.execute(_ADD, values)
        row = (await connection.execute(_BY_NAME, {"wanted": name})).one()
    collection = Collection(*row)
    if (collection.fingerprint, collection.dimension) != (fingerprint, dimension):
        raise FingerprintMismatchError(name, stored=collection.fingerprint, current=fingerprint)
    return collection


async def list_collections(catalog: Catalog) -> list[CollectionSummary]:
    """Summarise all collections, by name."""
    live = case((tables.is_live, 1), else_=0)
    query = (
        select(
            _table.c.name,
            func.coalesce(func.sum(live), 0),
            func.coalesce(func.sum(live * tables.documents.c.chunk_count), 0),
            func.coalesce(func.sum(live * tables.documents.c.token_count), 0),
            _table.c.fingerprint,
            _table.c.created_at,
            _table.c.chunk_tokens,
            _table.c.overlap_tokens,
            _table.c.strategy,
            _table.c.fields,
            _table.c.least_score,
        )
        .outerjoin_from(_table, tables.documents)
        .where(_is_visible)
        .group_by(_table.c.id)
        .order_by(_table.c.name)
    )
    async with catalog.reading() as connection:
        rows = await connection.execute(query)
        return [
            CollectionSummary(name, int(documents), int(chunks), int(tokens), *others)
            for name, documents, chunks, tokens, *others in rows
        ]


async def all_collections(catalog: Catalog, *, hidden: bool = False) -> list[Collection]:
    """Read all collections, by name; the versions that readers do not see only when asked for."""
    query = _ALL if hidden else _ALL.where(_is_visible)
    async with catalog.reading() as connection:
        rows = await connection.execute(query.order_by(_table.c.name))
        return [Collection(*row) for row in rows]


async def switch_vector_index(
    catalog: Catalog, collection: Collection, *, to: str, at_seq: int
) -> bool:
    """Make another vector index the current one, if it holds all that the current one must.

    Copy first what is live and staged, having read `at_seq` before. Any change of the live
    documents since then makes this return False: begin again. Whoever stages meanwhile and
    publishes later finds that the index is another one, and adds to it again.
    """
    switch = (
        update(_table)
        .where(_table.c.id == collection.id)
        .where(_table.c.vector_index == collection.vector_index, _table.c.seq == at_seq)
        .values(vector_index=to, removed_vectors=0)
    )
    async with catalog.writing() as connection:
        return (await connection.execute(switch)).rowcount == 1


async def count_removed(catalog: Catalog, collection: Collection, removed: int) -> None:
    """Add to the vectors that were deleted from the collection's index, if still current."""
    add = (
        update(_table)
        .where(_table.c.id == collection.id, _table.c.vector_index == collection.vector_index)
        .values(removed_vectors=_table.c.removed_vectors + removed)
    )
    async with catalog.writing() as connection:
        await connection.execute(add)


async def lock_collection(connection: AsyncConnection, collection: Collection) -> Collection:
    """Read the collection's row and keep others from changing it until the transaction's end.

    Raises:
        CollectionNotFoundError: it was deleted.
        ReindexedError: another version has taken its place.
    """
    query = _ALL.where(_table.c.id == collection.id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise CollectionNotFoundError(visible_name(collection.name), await _names(connection))
    check_current(Collection(*row), collection)
    return Collection(*row)


async def lock_named(connection: AsyncConnection, names: Sequence[str]) -> list[Collection]:
    """Lock those of these collections that there are, in the order of their ids.

    Or two of us might wait for each other.
    """
    query = _ALL.where(_table.c.name.in_(names)).order_by(_table.c.id).with_for_update()
    return [Collection(*row) for row in await connection.execute(query)]


def check_current(now: Collection, then: Collection) -> None:
    """Refuse to go on with a collection whose place another version has taken.

    Raises:
        ReindexedError: it is so.
    """
    if (now.id, now.name) != (then.id, then.name):
        raise ReindexedError(
            f"collection {visible_name(then.name)!r} was reindexed while it was written to: run "
            "the same command again"
        )


async def _names(connection: AsyncConnection) -> list[str]:
    return list(await connection.scalars(select(_table.c.name).where(_is_visible)))
