"""Vectors as OpenAI's Embeddings, in plain numbers or in base64."""

from __future__ import annotations

import base64
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from rag_api.wire.json_line import dump_model
from rag_core.embedding.batches import Matrix

Encoding = Literal["float", "base64"]

_NO_DATA = b'"data":[]'


class _Object(BaseModel):
    # Whatever has a default is sent too.
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Embedding(_Object):
    """The vector of one text; its length is one."""

    object: Literal["embedding"] = "embedding"
    index: int = Field(description="Of the text in the input, from 0.")
    embedding: tuple[float, ...] | str = Field(
        description="Numbers; or base64 of 32-bit floats, the lowest byte first."
    )


class EmbeddingUsage(_Object):
    """Tokens of all texts."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingList(_Object):
    """The vectors, in the order of the texts."""

    object: Literal["list"] = "list"
    data: tuple[Embedding, ...]
    model: str = Field(description="The embedding model's own name.")
    usage: EmbeddingUsage


def write_embeddings(matrix: Matrix, *, encoding: Encoding, model: str, tokens: int) -> bytes:
    """Write one embedding a row; 2,048 rows take some 60 ms as numbers, 10 as base64."""
    usage = EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
    # The frame is the model's; the numbers are written without making objects of them.
    before, after = dump_model(EmbeddingList(data=(), model=model, usage=usage)).split(_NO_DATA)
    write = _write_numbers if encoding == "float" else _write_base64
    rows = b",".join(
        b'{"object":"embedding","index":%d,"embedding":%b}' % (index, write(row))
        for index, row in enumerate(matrix)
    )
    return b'%b"data":[%b]%b' % (before, rows, after)


def _write_numbers(row: Matrix) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)


def _write_base64(row: Matrix) -> bytes:
    return b'"%b"' % base64.b64encode(row.astype("<f4").tobytes())
