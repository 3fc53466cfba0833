from __future__ import annotations

import io
import lzma
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.xz import open_xz


@given(parts=st.lists(st.binary(max_size=200_000), min_size=1, max_size=3), zeros=st.integers(0, 2))
def test_streams_one_after_the_other_are_read_as_one(parts: list[bytes], zeros: int) -> None:
    packed = bytes(4 * zeros).join(map(lzma.compress, parts)) + bytes(4 * zeros)

    assert open_xz(io.BytesIO(packed)).read() == b"".join(parts)


def test_a_stream_that_ends_in_the_middle_says_so() -> None:
    with pytest.raises(EOFError):
        open_xz(io.BytesIO(lzma.compress(b"words" * 1000)[:-9])).read()


def test_a_dictionary_that_needs_a_gigabyte_is_refused() -> None:
    packed = bytearray(lzma.compress(b"words"))
    end = 12 + (packed[12] + 1) * 4 - 4  # of the block's header, which begins at 12
    packed[16] = 36
    packed[end : end + 4] = zlib.crc32(packed[12:end]).to_bytes(4, "little")

    with pytest.raises(lzma.LZMAError, match=r"[Mm]emory"):
        open_xz(io.BytesIO(packed)).read()
