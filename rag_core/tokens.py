"""How many tokens a text has, in the eyes of a model: by its tokenizer, or by a safe estimate."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import tempfile
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Protocol

import tiktoken
from tiktoken.model import encoding_name_for_model

from rag_core.errors import ConfigurationError
from rag_core.estimate import estimate_tokens
from rag_core.imports import import_needed
from rag_core.unicode import make_well_formed

_LOG = logging.getLogger(__name__)
_FETCH_SECONDS = 3.0
_MAX_RANKS_BYTES = 20_000_000
_CACHED_CHARACTERS = 4_000_000
"""Of the words whose counts are kept, and `_WORD_OVERHEAD` more for each: some 30 MB at most."""
_WORD_OVERHEAD = 16
_LONGEST_CACHED_WORD = 1_000
_REMEMBERED_TEXTS = 1_024
_REMEMBERED_CHARACTERS = 4_000
"""Of each at most: some 8 MB in all."""
# Only these surely part words in a BERT tokenizer; to Python more characters are white space.
_WORDS = re.compile(r"[^ \t\r\n]+")


class TokenCounter(Protocol):
    """Counts tokens without the special ones that a model adds."""

    @property
    def name(self) -> str:
        """Tells a user what is counted with."""

    @property
    def exact(self) -> bool:
        """False for an estimate, which is never lower than the truth on natural text."""

    def count(self, text: str) -> int:
        """Count; the empty text has none."""


@dataclass(frozen=True, slots=True)
class _Counter:
    name: str
    exact: bool
    count_text: Callable[[str], int]

    def count(self, text: str) -> int:
        return self.count_text(make_well_formed(text))


_ESTIMATE = _Counter("estimate", exact=False, count_text=estimate_tokens)


@dataclass(frozen=True, slots=True)
class RankFile:
    """A tiktoken encoding: its published ranks, by URL and hash, and how it parts a text."""

    name: str
    url: str
    sha256: str
    pattern: str

    @property
    def file_name(self) -> str:
        """What tiktoken's own cache, and packages that carry it, call the file."""
        return hashlib.sha1(self.url.encode(), usedforsecurity=False).hexdigest()


_RANKS_URL = "https://openaipublic.blob.core.windows.net/encodings/"
_UPPER, _LOWER = r"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}", r"\p{Ll}\p{Lm}\p{Lo}\p{M}"
_CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_CL100K = RankFile(
    "cl100k_base",
    f"{_RANKS_URL}cl100k_base.tiktoken",
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
)
_O200K = RankFile(
    "o200k_base",
    f"{_RANKS_URL}o200k_base.tiktoken",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    rf"[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]*[{_LOWER}]+{_CONTRACTION}"
    rf"|[^\r\n\p{{L}}\p{{N}}]?[{_UPPER}]+[{_LOWER}]*{_CONTRACTION}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
# The harmony encoding differs in its special tokens only, which are not counted.
RANK_FILES = {"cl100k_base": _CL100K, "o200k_base": _O200K, "o200k_harmony": _O200K}


def open_counter(spec: str, *, cache_dir: Path | None = None) -> TokenCounter:
    """Open `file:…/tokenizer.json`, `tiktoken:ENCODING` or `estimate`.

    A tiktoken encoding without its rank file, here or on the network, gives the estimate.

    Raises:
        ConfigurationError: the specification or the file makes no sense.
        MissingPackageError: the package tokenizers is not installed.
    """
    kind, _, name = spec.partition(":")
    if kind == "file":
        return _file_counter(Path(name))
    if kind == "tiktoken" and name in RANK_FILES:
        return _tiktoken_counter(RANK_FILES[name], cache_dir)
    if spec == "estimate":
        return _ESTIMATE
    raise ConfigurationError(f"no token counter {spec!r}")


def open_chat_counter(
    model: str, *, tokenizer: Path | None = None, cache_dir: Path | None = None
) -> TokenCounter:
    """Open the counter of a chat model: its own tokenizer, or OpenAI's by name, or the estimate.

    `tokenizer` is a `tokenizer.json`, or the folder that holds it. The counter remembers what it
    counted last: prompts share their rules, and often their passages.
    """
    if tokenizer is None:
        counter = open_counter(model_tokenizer(model), cache_dir=cache_dir)
    else:
        given = tokenizer.expanduser()
        file = given / "tokenizer.json" if given.is_dir() else given
        counter = open_counter(f"file:{file}")
    return _Counter(counter.name, exact=counter.exact, count_text=_remembering(counter.count))


def _remembering(count: Callable[[str], int]) -> Callable[[str], int]:
    remembered = lru_cache(maxsize=_REMEMBERED_TEXTS)(count)
    return lambda text: (remembered if len(text) <= _REMEMBERED_CHARACTERS else count)(text)


def model_tokenizer(model: str) -> str:
    """Name the counter of one of OpenAI's models, for `open_counter`; else the estimate."""
    try:
        encoding = encoding_name_for_model(model)
    except KeyError:
        return "estimate"
    return f"tiktoken:{encoding}" if encoding in RANK_FILES else "estimate"


def _file_counter(path: Path) -> TokenCounter:
    tokenizers = import_needed("tokenizers", needed_for=f"counting with {path}")
    try:
        tokenizer = tokenizers.Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise ConfigurationError(f"{str(path)!r} is not a tokenizer: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count_whole(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    parts = (type(tokenizer.normalizer).__name__, type(tokenizer.pre_tokenizer).__name__)
    if parts != ("BertNormalizer", "BertPreTokenizer"):
        return _Counter(f"file:{path}", exact=True, count_text=count_whole)
    return _Counter(f"file:{path}", exact=True, count_text=_by_word(count_whole))


class KnownWords(dict[str, int]):
    """Words to their counts, each counted when it is first asked for; forgets all when full."""

    def __init__(
        self, count_whole: Callable[[str], int], *, characters: int = _CACHED_CHARACTERS
    ) -> None:
        super().__init__()
        self._count_whole = count_whole
        self._characters = self._room = characters

    def __missing__(self, word: str) -> int:
        count = self._count_whole(word)
        if len(word) <= _LONGEST_CACHED_WORD:
            self._room -= len(word) + _WORD_OVERHEAD
            if self._room < 0:
                self.clear()
                self._room = self._characters
            self[word] = count
        return count


def _by_word(count_whole: Callable[[str], int]) -> Callable[[str], int]:
    """Count word by word, each new word once: a BERT tokenizer sees no word's neighbours."""
    known = KnownWords(count_whole)

    def count_text(text: str) -> int:
        return sum(map(known.__getitem__, _WORDS.findall(text)))

    return count_text


def _tiktoken_counter(ranks: RankFile, cache_dir: Path | None) -> TokenCounter:
    folders = [cache_dir] if cache_dir else []
    content = find_ranks(ranks, [*folders, *_known_folders()])
    if content is None:
        content = fetch_ranks(ranks, keep_in=cache_dir)
    if content is None:
        return _ESTIMATE
    lines = (line.split() for line in content.splitlines())
    encoding = tiktoken.Encoding(
        ranks.name,
        pat_str=ranks.pattern,
        mergeable_ranks={base64.b64decode(token): int(rank) for token, rank in lines},
        special_tokens={},
    )

    def count_text(text: str) -> int:
        return len(encoding.encode_ordinary(text))

    return _Counter(f"tiktoken:{ranks.name}", exact=True, count_text=count_text)


def find_ranks(ranks: RankFile, folders: Iterable[Path]) -> bytes | None:
    """Read the rank file from the first folder that holds it whole, by its hash."""
    for folder in folders:
        for name in (ranks.file_name, f"{ranks.name}.tiktoken"):
            path = folder / name
            content = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(content).hexdigest() == ranks.sha256:
                return content
            if content:
                _LOG.warning("%s is not the rank file of %s: passed over", path, ranks.name)
    return None


def fetch_ranks(ranks: RankFile, *, keep_in: Path | None) -> bytes | None:
    """Fetch the rank file and keep it for the next time; None when the network does not help."""
    try:
        # The URL is a constant of ours, never a user's.
        with urllib.request.urlopen(ranks.url, timeout=_FETCH_SECONDS) as answer:  # noqa: S310
            content: bytes = answer.read(_MAX_RANKS_BYTES)
    except (OSError, ValueError) as error:
        _LOG.info("tokens are estimated: %s cannot be fetched: %s", ranks.name, error)
        return None
    if hashlib.sha256(content).hexdigest() != ranks.sha256:
        _LOG.warning("tokens are estimated: %s answers with something else", ranks.url)
        return None
    if keep_in is not None:
        keep_in.mkdir(parents=True, exist_ok=True)
        (keep_in / ranks.file_name).write_bytes(content)
    return content


def _known_folders() -> Iterable[Path]:
    """Where tiktoken keeps what it fetched, and what installed packages carry."""
    yield Path(tempfile.gettempdir()) / "data-gym-cache"
    try:
        carrier = distribution("llama-index-core")
    except PackageNotFoundError:
        return
    yield Path(str(carrier.locate_file("llama_index/core/_static/tiktoken_cache")))
