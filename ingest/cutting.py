"""The collection that an ingest goes into: how it is cut, and whether it can be."""

from __future__ import annotations

from dataclasses import replace

from ingest.splitting import Wish
from rag_core.catalog import collections
from rag_core.catalog.collections import Collection
from rag_core.catalog.engine import Catalog
from rag_core.documents import DEFAULT_SPLITTING, Splitting
from rag_core.embedding import Embedder
from rag_core.errors import (
    CollectionNotFoundError,
    FingerprintMismatchError,
    InvalidRequestError,
    SplittingMismatchError,
)

_FEWEST_TOKENS = 8
"""A single character may be several tokens."""
_MOST_TOKENS = 8_192
"""Where the embedding model's own limit is not known."""


def default_splitting(embedder: Embedder) -> Splitting:
    """What a collection has for which nothing is asked."""
    longest = embedder.max_tokens or _MOST_TOKENS
    return replace(DEFAULT_SPLITTING, chunk_tokens=min(DEFAULT_SPLITTING.chunk_tokens, longest))


def check_splitting(splitting: Splitting, embedder: Embedder) -> None:
    """Hold a splitting to what can be.

    Raises:
        InvalidRequestError: chunks would be too small, or longer than the model reads, or mostly
            repetition.
    """
    chunk, overlap = splitting.chunk_tokens, splitting.overlap_tokens
    longest = embedder.max_tokens or _MOST_TOKENS
    if not _FEWEST_TOKENS <= chunk <= longest:
        raise InvalidRequestError(
            f"--chunk-tokens {chunk}: it must be {_FEWEST_TOKENS} to {longest:,}, the longest text "
            f"that {embedder.fingerprint!r} reads"
        )
    if not 0 <= 2 * overlap < chunk:
        raise InvalidRequestError(
            f"--overlap {overlap}: it must be 0 or more, and less than half of the {chunk} tokens "
            "of a chunk"
        )


async def ensure_cut(catalog: Catalog, embedder: Embedder, name: str, wish: Wish) -> Collection:
    """Read a collection, made first if need be, with the options that were asked for.

    Raises:
        InvalidRequestError: the options cannot be.
        SplittingMismatchError: it is there, and cut in another way.
        FingerprintMismatchError: it is there, and was embedded by another model.
    """
    if collections.visible_name(name) != name:
        raise InvalidRequestError(f"collection {name!r}: the name holds a control character")
    try:
        collection = await collections.get_collection(catalog, name)
    except CollectionNotFoundError:
        wanted = wish.over(default_splitting(embedder))
        check_splitting(wanted, embedder)
        collection = await collections.ensure_collection(
            catalog,
            name,
            fingerprint=embedder.fingerprint,
            dimension=embedder.dimension,
            splitting=wanted,
        )
    if collection.fingerprint != embedder.fingerprint:
        stored, current = collection.fingerprint, embedder.fingerprint
        raise FingerprintMismatchError(name, stored=stored, current=current)
    if wish.fields not in {None, collection.splitting.fields}:
        stored = ", ".join(collection.splitting.fields) or "all"
        raise InvalidRequestError(
            f"collection {name!r} reads of JSON records the fields {stored}, not "
            f"{', '.join(wish.fields or ())}: choose them for a new one (--collection NAME), since "
            "what was not read is not stored"
        )
    if wish.over(collection.splitting) != collection.splitting:
        raise SplittingMismatchError(name, stored=str(collection.splitting), given=wish.words())
    return collection
