from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from openai.types import CreateEmbeddingResponse

from rag_api.wire.openai_embeddings import EmbeddingList, Encoding, Matrix, write_embeddings

matrices = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=5),
    elements=st.floats(-1, 1, width=32),
)


def write(matrix: Matrix, encoding: Encoding) -> bytes:
    return write_embeddings(matrix, encoding=encoding, model='a "model"', tokens=7)


@given(matrices)
def test_numbers_survive_the_wire(matrix: Matrix) -> None:
    body = write(matrix, "float")

    parsed = CreateEmbeddingResponse.model_validate_json(body, strict=True)
    rows = np.array([one.embedding for one in parsed.data], np.float32)
    np.testing.assert_array_equal(rows, matrix)
    assert [one.index for one in parsed.data] == list(range(len(matrix)))


@given(matrices)
def test_base64_survives_the_wire(matrix: Matrix) -> None:
    data = json.loads(write(matrix, "base64"))["data"]

    rows = [np.frombuffer(base64.b64decode(one["embedding"]), "<f4") for one in data]
    np.testing.assert_array_equal(rows, matrix)


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_the_list_is_what_its_description_says(encoding: Encoding) -> None:
    body = write(np.ones((2, 3), np.float32), encoding)

    parsed = EmbeddingList.model_validate_json(body)
    assert (parsed.model, parsed.usage.total_tokens, len(parsed.data)) == ('a "model"', 7, 2)
    assert set(json.loads(body)) == set(EmbeddingList.model_fields)
