from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.responses import Response
from tokenizers import Tokenizer

from rag_core.embedding.model import find_model
from rag_core.errors import ConfigurationError
from rag_core.tokens import (
    RANK_FILES,
    KnownWords,
    RankFile,
    TokenCounter,
    fetch_ranks,
    find_ranks,
    model_tokenizer,
    open_chat_counter,
    open_counter,
)
from tests.servers import serving

_TEXTS = st.text() | st.text("ab .,\n\t\r[]CLSEP#é́一\u200d\x1c\x85\u00a0\u2028\ufeff")
_ONE = RankFile("tiny", "", hashlib.sha256(b"YQ== 0").hexdigest(), r"\w")


@cache
def bert() -> tuple[TokenCounter, Tokenizer]:
    path = find_model("local").tokenizer
    whole = Tokenizer.from_file(str(path))
    whole.no_truncation()
    whole.no_padding()
    return open_counter(f"file:{path}"), whole


@cache
def tiktokens(name: str) -> tuple[TokenCounter, tiktoken.Encoding]:
    return open_counter(f"tiktoken:{name}"), tiktoken.get_encoding(name)


@pytest.fixture
def carried_ranks(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where a package of the tests carries the rank files, for tiktoken to find too."""
    (folder,) = (Path(path) / "llama_index/core/_static/tiktoken_cache" for path in _site())
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    return folder


def _site() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


@given(_TEXTS)
@example("[SEP]x[CLS] [MASK]")
@example("x" * 101 + " " + "y" * 99)
@settings(max_examples=400, deadline=None)
def test_counting_by_word_equals_the_whole_encoding(text: str) -> None:
    counter, whole = bert()

    assert counter.count(text) == len(whole.encode(text, add_special_tokens=False).ids)


def test_megabytes_are_counted_in_seconds() -> None:
    counter, _ = bert()
    text = "The passages that answer the question are quoted word for word. " * 50_000
    begun = time.monotonic()

    assert counter.count(text) == 12 * 50_000
    assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("carried_ranks")
def test_half_a_surrogate_pair_is_counted_as_some_character() -> None:
    for counter in (bert()[0], tiktokens("o200k_base")[0], open_counter("estimate")):
        assert counter.count("a \ud800 b") == counter.count("a ? b")


def test_a_tokenizer_of_another_kind_counts_the_text_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(
        '{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,'
        ' "post_processor": null, "decoder": null, "truncation": null, "padding": null,'
        ' "model": {"type": "BPE", "vocab": {"a": 0, " ": 1, "a ": 2}, "merges": [["a", " "]]}}'
    )

    assert open_counter(f"file:{path}").count("a a a") == 3


@pytest.mark.usefixtures("carried_ranks")
@given(st.text())
@settings(max_examples=150, deadline=None)
def test_tiktoken_counts_as_tiktoken_itself(text: str) -> None:
    for name in ("cl100k_base", "o200k_base"):
        counter, encoding = tiktokens(name)

        assert counter.count(text) == len(encoding.encode_ordinary(text))


@pytest.mark.usefixtures("carried_ranks")
def test_the_patterns_are_tiktokens_own() -> None:
    for name, ranks in RANK_FILES.items():
        assert ranks.pattern == tiktoken.get_encoding(name)._pat_str


@pytest.mark.usefixtures("carried_ranks")
def test_a_name_tells_what_is_counted_with() -> None:
    counters = [open_counter("estimate"), tiktokens("o200k_base")[0]]

    assert [(one.name, one.exact) for one in counters] == [
        ("estimate", False),
        ("tiktoken:o200k_base", True),
    ]


@pytest.mark.parametrize(
    ("model", "spec"),
    [
        ("gpt-4o-mini", "tiktoken:o200k_base"),
        ("gpt-4", "tiktoken:cl100k_base"),
        ("gpt-oss-20b", "tiktoken:o200k_harmony"),
        ("davinci", "estimate"),
        ("llama3.2", "estimate"),
    ],
)
def test_openais_models_have_their_counter_and_others_the_estimate(model: str, spec: str) -> None:
    assert model_tokenizer(model) == spec


def test_a_chat_model_is_counted_by_its_name() -> None:
    counters = [open_chat_counter(model) for model in ("gpt-4o", "llama3.2")]

    assert [one.name for one in counters] == ["tiktoken:o200k_base", "estimate"]


def test_a_chat_model_is_counted_by_its_own_tokenizer_when_there_is_one() -> None:
    file = find_model("local").tokenizer
    text = "Nonantidisestablishmentarianism, 1844!"

    counters = [open_chat_counter("gpt-4o", tokenizer=one) for one in (file, file.parent)]

    assert all(one.exact and one.name == f"file:{file}" for one in counters)
    assert {one.count(text) for one in counters} == {open_counter(f"file:{file}").count(text)}


@pytest.mark.parametrize("spec", ["", "words", "tiktoken:", "tiktoken:p50k_base", "file:nowhere"])
def test_a_senseless_specification_is_refused(spec: str) -> None:
    with pytest.raises(ConfigurationError):
        open_counter(spec)


@pytest.mark.parametrize("named", ["tiny.tiktoken", _ONE.file_name])
def test_ranks_are_found_under_both_names(tmp_path: Path, named: str) -> None:
    (tmp_path / named).write_bytes(b"YQ== 0")

    assert find_ranks(_ONE, [tmp_path / "nowhere", tmp_path]) == b"YQ== 0"


def test_ranks_that_were_changed_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "tiny.tiktoken").write_bytes(b"YQ== 1")

    assert find_ranks(_ONE, [tmp_path]) is None
    assert (tmp_path / "tiny.tiktoken").exists()


@pytest.mark.parametrize(("sent", "kept"), [(b"YQ== 0", b"YQ== 0"), (b"<html>", None)])
async def test_fetched_ranks_are_checked_and_kept(
    tmp_path: Path, sent: bytes, kept: bytes | None
) -> None:
    async with serving(Response(sent)) as port:
        ranks = replace(_ONE, url=f"http://127.0.0.1:{port}/tiny.tiktoken")
        fetched = await asyncio.to_thread(fetch_ranks, ranks, keep_in=tmp_path / "cache")

    assert fetched == kept
    assert find_ranks(ranks, [tmp_path / "cache"]) == kept


def test_without_a_network_there_are_no_ranks(tmp_path: Path) -> None:
    ranks = replace(_ONE, url="http://127.0.0.1:9/tiny.tiktoken")

    assert fetch_ranks(ranks, keep_in=tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_missing_tokenizers_package_is_named() -> None:
    path = find_model("local").tokenizer
    code = (
        "import sys; from rag_core.tokens import open_counter; "
        f"sys.path.clear(); open_counter('file:{path}')"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "MissingPackageError" in done.stderr.splitlines()[-1]
    assert "'tokenizers'" in done.stderr.splitlines()[-1]


def test_a_word_is_counted_when_it_is_first_asked_for() -> None:
    asked: list[str] = []
    known = KnownWords(lambda word: asked.append(word) or len(word))

    assert [known["one"], known["three"], known["one"]] == [3, 5, 3]
    assert asked == ["one", "three"]


def test_remembered_words_are_forgotten_when_they_take_too_much_room() -> None:
    known = KnownWords(len, characters=1_000)

    counts = [known[f"word {number}"] for number in range(500)]

    assert counts == [len(f"word {number}") for number in range(500)]
    assert sum(map(len, known)) < 1_000


def test_a_very_long_word_is_not_remembered() -> None:
    known = KnownWords(len)

    assert (known["x" * 1_001], known["y" * 1_000]) == (1_001, 1_000)
    assert list(known) == ["y" * 1_000]
