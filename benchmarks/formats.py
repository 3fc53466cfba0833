"""Read real files of every format: word-level F1 against reference texts, and MB/s.

The files come from ../shared/data/docs or the folder given. F1 compares the words of both texts
as multisets, so order and markup count nothing; `found` is the share of the phrases that the
manifest demands. Run it with `python -P`: `benchmarks/ingest.py` must not hide the package.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ingest.load import load_document
from rag_core.errors import DocumentError

DOCS = Path(__file__).parent.parent.parent / "shared" / "data" / "docs"
MARKS = re.compile(r"<!--.*?-->|\]\([^)\s]*(?: [^)]*)?\)|data:image\S*|[*_`#|\\]", re.DOTALL)
"""Of Markdown: comments, the addresses of links, signs."""
LEAST_SECONDS = 0.3
"""Small files are read again and again, so that the clock can tell."""


@dataclass
class Result:
    """What the files of one folder gave."""

    scores: list[float] = field(default_factory=list)
    phrases: list[bool] = field(default_factory=list)
    read: int = 0
    refused: list[str] = field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0


def list_words(text: str) -> list[str]:
    """The words of a text without marks, in order."""
    return re.findall(r"\w+", MARKS.sub(" ", text).casefold())


def compare(text: str, reference: str) -> float:
    """F1 of two texts' words."""
    ours, theirs = Counter(list_words(text)), Counter(list_words(reference))
    shared = sum((ours & theirs).values())
    return 2 * shared / max(1, sum(ours.values()) + sum(theirs.values()))


def has_phrase(text: str, phrase: str) -> bool:
    """Whether the words of a phrase stand in the text, in order."""
    return f" {' '.join(list_words(phrase))} " in f" {' '.join(list_words(text))} "


def measure(path: Path, result: Result) -> str | None:
    """Read one file, and add the time that it takes; None when it is refused."""
    content = path.read_bytes()
    try:
        text = load_document(path, source=str(path), content=content).text
    except DocumentError as error:
        result.refused.append(f"{path.name}: {error}")
        return None
    start = time.perf_counter()
    rounds = 0
    while time.perf_counter() - start < LEAST_SECONDS:
        load_document(path, source=str(path), content=content)
        rounds += 1
    result.read += 1
    result.bytes += len(content)
    result.seconds += (time.perf_counter() - start) / rounds
    return text


def run(folder: Path, *, verbose: bool) -> dict[str, Result]:
    """Every file of the manifest, by its folder and suffix."""
    results: dict[str, Result] = defaultdict(Result)
    for line in (folder / "manifest_A.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        path = folder / entry["path"]
        result = results[f"{path.parent.name} {path.suffix}"]
        text = measure(path, result)
        if "expected_text" in entry:
            reference = (folder / entry["expected_text"]).read_text("utf-8")
            result.scores.append(compare(text or "", reference))
            if verbose:
                print(f"{result.scores[-1]:.3f} {entry['path']}", file=sys.stderr)
        phrases = [has_phrase(text or "", phrase) for phrase in entry.get("must_contain", ())]
        result.phrases += phrases
        if verbose and not all(phrases):
            missing = [p for p, ok in zip(entry["must_contain"], phrases, strict=True) if not ok]
            print(f"missing in {entry['path']}: {missing}", file=sys.stderr)
    return results


def mean(values: list[float] | list[bool]) -> str:
    """With three digits; nothing without values."""
    return f"{sum(values) / len(values):.3f}" if values else ""


def main() -> int:
    """Print a table, a line for each format, and what was refused."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path, nargs="?", default=DOCS)
    arguments.add_argument("--verbose", action="store_true", help="a line for each file")
    options = arguments.parse_args()
    results = run(options.folder, verbose=options.verbose)
    print("| format | read | refused | F1 | found | MB/s |\n|---|--:|--:|--:|--:|--:|")
    for name, result in sorted(results.items()):
        speed = f"{result.bytes / result.seconds / 1e6:.2f}" if result.seconds else ""
        print(
            f"| {name} | {result.read} | {len(result.refused)} | {mean(result.scores)} "
            f"| {mean(result.phrases)} | {speed} |"
        )
    for reason in (reason for result in results.values() for reason in result.refused):
        print(f"refused: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
