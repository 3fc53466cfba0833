"""Ways to write a table's rows, by what a search for one of them finds: MRR with the local model.

Four made-up tables with the same people in them, 110 rows each; 160 questions for one cell, such as
`What is the salary of employee Ann Miller?`, that only the names of the columns tell apart. Run it
with `python -P`: `benchmarks/ingest.py` must not hide the package.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ingest.load.markup import write_table
from ingest.split import split_document
from rag_core.documents import Document, indexed_text
from rag_core.embedding import open_embedder
from rag_core.settings import Settings
from rag_core.tokens import TokenCounter, open_counter

FIRST = ("Ann", "Bob", "Carla", "David", "Eve", "Frank", "Greta", "Hugo", "Ines", "Jan", "Karl")
LAST = ("Miller", "Schmidt", "Rossi", "Dubois", "Novak", "Jensen", "Silva", "Kovacs", "Brown", "Li")
PLACES = ["Bonn", "Lyon", "Porto", "Oslo", "Turin", "Graz", "Ghent", "Riga"]
TABLES: dict[tuple[str, ...], tuple[list[str], ...]] = {
    ("Employee", "Salary", "Department", "Office"): (
        [str(number) for number in range(30_000, 90_000, 777)],
        ["Sales", "Finance", "Research", "Legal"],
        PLACES,
    ),
    ("Patient", "Blood pressure", "Ward", "Doctor"): (
        [str(number) for number in range(90, 180)],
        ["Cardiology", "Surgery", "Oncology"],
        list(LAST),
    ),
    ("Customer", "Order total", "Ship to", "Carrier"): (
        [str(number) for number in range(10, 900, 7)],
        PLACES,
        ["DHL", "UPS", "FedEx"],
    ),
    ("Member", "Joined", "Tariff", "Locker"): (
        [str(number) for number in range(2001, 2025)],
        ["Gold", "Silver", "Basic"],
        [str(number) for number in range(400)],
    ),
}
Rows = list[list[str]]
QUESTIONS = ("What is the {1} of {0} {2}?", "{1} of {2}", "Which {1} does {0} {2} have?")
ASKED = 40
LEXICAL_SHARE = 0.6


def make_rows(values: tuple[list[str], ...], dice: random.Random) -> Rows:
    """Each person once, in any order, with any values."""
    people = [f"{first} {last}" for first in FIRST for last in LAST]
    dice.shuffle(people)
    return [[person, *map(dice.choice, values)] for person in people]


def write_lines(names: tuple[str, ...], rows: Rows) -> str:
    """Each value beside its name."""
    pairs = (zip(names, row, strict=True) for row in rows)
    return "\n".join("- " + "; ".join(f"{name}: {value}" for name, value in row) for row in pairs)


def write_repeated(names: tuple[str, ...], rows: Rows) -> str:
    """A header every ten rows."""
    starts = range(0, len(rows), 10)
    return "\n\n".join(write_table([names, *rows[start : start + 10]]) for start in starts)


def write_once(names: tuple[str, ...], rows: Rows) -> str:
    """One table."""
    return write_table([names, *rows])


def score_words(questions: list[str], texts: list[str]) -> np.ndarray:
    """BM25 of each question and text, as a share of the most it could be."""
    bags = [Counter(re.findall(r"\w+", text.lower())) for text in texts]
    sizes = [bag.total() for bag in bags]
    mean = sum(sizes) / len(sizes)
    found = Counter(word for bag in bags for word in bag)
    scores = np.zeros((len(questions), len(texts)))
    for place, question in enumerate(questions):
        words = set(re.findall(r"\w+", question.lower()))
        rarity = {w: math.log(1 + (len(bags) - found[w] + 0.5) / (found[w] + 0.5)) for w in words}
        for column, (bag, size) in enumerate(zip(bags, sizes, strict=True)):
            norm = 1.2 * (0.25 + 0.75 * size / mean)
            scores[place, column] = sum(
                rarity[word] * bag[word] * 2.2 / (bag[word] + norm) for word in words & bag.keys()
            ) / (2.2 * sum(rarity.values()))
    return scores


def find_rank(scores: np.ndarray, right: list[bool]) -> float:
    """One over the place of the first right chunk."""
    return 1 / (1 + next(place for place, at in enumerate(np.argsort(-scores)) if right[at]))


def cut(
    counter: TokenCounter, text: str, table: int, *, with_path: bool
) -> list[tuple[int, str, str]]:
    """The table's number, what is indexed and what is shown of each chunk."""
    document = Document("/a.csv", "export", text, "text/csv", "markdown")
    return [
        (
            table,
            indexed_text("export", chunk.heading_path if with_path else (), chunk.text),
            chunk.text,
        )
        for chunk in split_document(document, counter)
    ]


async def main() -> int:
    """Print a line for each way."""
    dice = random.Random(7)  # noqa: S311 - the same tables each time
    tables = [(names, make_rows(values, dice)) for names, values in TABLES.items()]
    asked = [
        (
            table,
            row[0],
            dice.choice(QUESTIONS).format(names[0].lower(), dice.choice(names[1:]), row[0]),
        )
        for table, (names, rows) in enumerate(tables)
        for row in dice.sample(rows, ASKED)
    ]
    questions = [question for _, _, question in asked]
    ways: list[tuple[str, Callable[[tuple[str, ...], Rows], str], bool]] = [
        ("header once, not in the path", write_once, False),
        ("header once, in the path", write_once, True),
        ("header every ten rows", write_repeated, True),
        ("name: value lines", write_lines, True),
    ]
    print("| rows written as | chunks | dense | BM25 | fused |\n|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as home:
        async with open_embedder(Settings(RAG_HOME=Path(home), _env_file=None)) as embedder:
            counter = open_counter(embedder.tokenizer)
            wanted = np.array(await embedder.embed(questions))
            for label, write, with_path in ways:
                chunks = [
                    chunk
                    for table, (names, rows) in enumerate(tables)
                    for chunk in cut(counter, write(names, rows), table, with_path=with_path)
                ]
                texts = [text for _, text, _ in chunks]
                dense = wanted @ np.array(await embedder.embed(texts)).T
                words = score_words(questions, texts)
                fused = (1 - LEXICAL_SHARE) * dense + LEXICAL_SHARE * words
                right = [
                    [of == table and person in shown for of, _, shown in chunks]
                    for table, person, _ in asked
                ]
                means = [
                    sum(map(find_rank, scores, right)) / len(asked)
                    for scores in (dense, words, fused)
                ]
                print(
                    f"| {label} | {len(chunks)} | {' | '.join(f'{mean:.3f}' for mean in means)} |"
                )
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
