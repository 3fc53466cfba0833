from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from ingest.evaluate.abstention import Abstention, Threshold
from ingest.evaluate.evaluation import Compared, Moved
from ingest.evaluate.history import Earlier
from ingest.evaluate.page import write_page
from ingest.evaluate.plots import Series, draw_histogram, draw_lines
from tests.ingest.evaluate_support import EVALUATION, scored

HOSTILE = "</summary><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\0"


class Tags(HTMLParser):
    """Every tag with its attributes, and whether all that opened is closed."""

    void = ("meta", "br", "img", "line", "rect", "circle", "polyline")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.void:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def hostile_page() -> Tags:
    moved = Moved(HOSTILE, HOSTILE, 0.0, 1.0)
    compared = Compared(
        file=HOSTILE,
        started_at=HOSTILE,
        metric=HOSTILE,
        questions=1,
        same=True,
        changes={"ndcg@10": 0.1},
        better=(moved,),
        worse=(moved,),
    )
    bad = replace(EVALUATION, dataset=HOSTILE, collection=HOSTILE, compared=compared)
    one = scored("q", 0.1, HOSTILE)
    found = replace(one.found[0], source=HOSTILE, text=HOSTILE)
    odd = replace(
        one, id=HOSTILE, found=(found,), expected=(HOSTILE,), answer=HOSTILE, error=HOSTILE
    )
    return Tags(write_page(bad, [odd], []))


def test_nothing_in_a_text_becomes_markup() -> None:
    page = hostile_page()

    assert not {"script", "img"} & {tag for tag, _ in page.seen}
    assert not [name for _, given in page.seen for name in given if name.startswith("on")]
    assert "<script>alert(1)</script>" in page.text


def test_the_page_is_whole_and_needs_nothing_from_elsewhere() -> None:
    page = hostile_page()

    names = [name for _, given in page.seen for name in given]
    assert page.open == []
    assert not {"src", "href", "srcset"} & set(names)
    assert "default-src 'none'" in str(page.seen)


def test_the_page_shows_figures_plots_and_the_lowest_questions() -> None:
    abstention = Abstention(20, 5, 0.9, Threshold(0.235, 1.0, 0.5))
    questions = [scored("good", 0.9, "An easy one?"), scored("bad", 0.1, "A hard one?")]
    questions.append(replace(questions[0], answerable=False, metrics={}))

    page = Tags(write_page(replace(EVALUATION, abstention=abstention), questions, []))

    assert page.text.index("A hard one?") < page.text.index("An easy one?")
    assert len([tag for tag, _ in page.seen if tag == "svg"]) == 4
    assert "0.500" in page.text


def test_runs_before_are_a_line_in_the_plot() -> None:
    earlier = [Earlier(Path("x"), f"2026-01-0{day}", {"ndcg@10": 0.1 * day}, {}) for day in (1, 2)]

    page = write_page(EVALUATION, [scored("q", 0.5)], earlier)

    assert "2026-01-01: 0.1000" in page
    assert "2026-01-02: 0.2000" in page


def test_a_plot_of_nothing_is_nothing() -> None:
    assert draw_histogram("x", [Series("a", [])]) == ""
    assert draw_lines("x", [], []) == ""


def test_a_plot_of_one_value_is_drawn() -> None:
    assert "nan" not in draw_histogram("x", [Series("a", [0.5, 0.5])], marks=[("least", 0.5)])
    assert "nan" not in draw_lines("x", ["@1"], [Series("a", [0.0])])
