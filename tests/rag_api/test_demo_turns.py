"""Events → a turn → HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import reduce

import pytest

from rag_api.demo.answer_text import render_answer
from rag_api.demo.asking import Conversation, begin_turn, drop_last, stop_last
from rag_api.demo.conversation import render_turn
from rag_api.demo.found import render_found
from rag_api.demo.links import Links
from rag_api.demo.panel import EMPTY_PANEL, render_panel
from rag_api.demo.surroundings import cut_stretch
from rag_api.demo.turns import Stretch, Turn, list_history, take_event
from rag_api.events import (
    Citation,
    Cited,
    Delta,
    Done,
    Event,
    Failed,
    NearMiss,
    Restarted,
    Retrieved,
    Timings,
)
from tests.answers import passage_view

HOSTILE = "<script>alert(1)</script>"
LINKS = Links("http://127.0.0.1:8000", same_site=True)
PASSAGE = passage_view(1, title=HOSTILE).model_copy(
    update={
        "text": f"Zebras 🦓 eat {HOSTILE}.",
        "start": 10,
        "end": 10 + len(f"Zebras 🦓 eat {HOSTILE}."),
        "page": 3,
        "heading_path": (HOSTILE,),
        "source": "javascript:alert(1)",
        "url": "http://127.0.0.1:8000/v1/sources/d1-0?start=1#passage",
    }
)
RETRIEVED = Retrieved(
    question="What do zebras eat?",
    query="What do zebras eat?",
    collection="default",
    passages=(PASSAGE, passage_view(2)),
    queries=("What do zebras eat?", HOSTILE),
    rewritten_by="rule",
    warnings=("The reranker was slow.",),
)
DONE = Done(outcome="answered", finish_reason="stop", model="tiny", input_tokens=9, output_tokens=3)
NEAREST = NearMiss(
    number=2,
    chunk_id="d2-0",
    title=HOSTILE,
    source="/docs/2.md",
    page=None,
    score=0.2,
    fused_score=0.1,
    url="javascript:alert(1)",
)


def cite(text: str, quote: str) -> Cited:
    start = 10 + PASSAGE.text.index(quote)
    place = {"answer_start": text.index("[1]"), "answer_end": text.index("[1]") + 3}
    return Cited(
        citation=Citation(
            number=1,
            document_id="d1",
            chunk_id="d1-0",
            source="/docs/1.md",
            title=HOSTILE,
            page=3,
            start=start,
            end=start + len(quote),
            quote=quote,
            url="http://here",
            **place,
        )
    )


def play(*events: Event) -> Turn:
    return reduce(take_event, events, Turn(1, "What do zebras eat?"))


ANSWERED = play(
    RETRIEVED, Delta(text=f"🦓 {HOSTILE} [1]"), cite(f"🦓 {HOSTILE} [1]", "eat <script>"), DONE
)


def test_an_answer_links_its_markers_to_the_marks_in_the_panel() -> None:
    answer, panel = render_turn(ANSWERED, LINKS), render_panel([ANSWERED], LINKS)

    assert 'class="chip" href="#t1-1-19"' in answer
    assert '<mark id="t1-1-19" tabindex="-1">eat &lt;script&gt;</mark>' in panel
    assert "page 3" in panel
    assert "2 passages read, 1 cited" in panel
    assert 'href="/v1/sources/d1-0?start=1#passage"' in panel


def test_nothing_of_a_document_is_markup() -> None:
    abstained = DONE.model_copy(update={"outcome": "insufficient", "nearest": (NEAREST,)})
    missed = play(RETRIEVED, abstained)
    asked = Turn(2, HOSTILE, status="failed", fault=HOSTILE)

    pages = [
        *(render_turn(turn, LINKS) for turn in (ANSWERED, missed, asked)),
        render_panel([ANSWERED, missed], LINKS),
    ]

    assert not [page for page in pages if "<script" in page]
    assert not [page for page in pages if 'href="javascript:' in page]


def test_an_answer_is_markdown_without_pictures_raw_html_and_scripts() -> None:
    text = "**a** ![p](http://evil/p.png) <i>x</i> [l](javascript:x) [m](https://site)\n\n- one"

    html = render_answer(text, (), prefix="t1")

    assert "<strong>a</strong>" in html
    assert "<li>one</li>" in html
    assert "<img" not in html
    assert "<i>" not in html
    assert 'href="javascript' not in html
    assert '<a target="_blank" rel="noopener noreferrer" href="https://site">' in html


def test_signs_that_stand_for_chips_are_not_taken_from_the_text() -> None:
    assert "\ufffd0\ufffd" in render_answer("\ue0000\ue001", (), prefix="t1")


def test_how_it_was_found_shows_queries_scores_and_warnings() -> None:
    panel = render_panel([ANSWERED], LINKS)

    assert "rewritten by rule" in panel
    assert "Also searched" in panel
    assert "The reranker was slow." in panel


def test_how_it_was_found_shows_the_place_of_each_passage_in_each_ranking() -> None:
    scores = [(0.5, 2.0, 0.4, 0.1), (0.3, 4.0, 0.5, None)]
    names = ("score", "lexical_score", "fused_score", "rerank_score")
    passages = tuple(
        passage_view(number).model_copy(update=dict(zip(names, each, strict=True)))
        for number, each in enumerate(scores, start=1)
    )

    found = render_found(play(RETRIEVED.model_copy(update={"passages": passages})))

    first = "<td><b>1.</b> 0.500</td><td><b>2.</b> 2.000</td><td><b>2.</b> 0.400</td>"
    second = "<td><b>2.</b> 0.300</td><td><b>1.</b> 4.000</td><td><b>1.</b> 0.500</td>"
    assert f"{first}<td><b>1.</b> 0.100</td>" in found
    assert f"{second}<td>–</td>" in found
    assert found.index(first) < found.index(second)


def test_how_it_was_found_shows_how_long_each_step_took() -> None:
    timings = Timings(
        rewriting_milliseconds=0.2, searching_milliseconds=14.4, reranking_milliseconds=1234.0
    )
    turn = play(RETRIEVED.model_copy(update={"timings": timings}))
    timed = replace(turn, first_word_milliseconds=450.0, whole_milliseconds=2100.0)

    shown = [re.findall(r"<dd>([^<]+ m?s)</dd>", render_found(one)) for one in (turn, timed)]

    assert shown[0] == ["under 1 ms", "14 ms", "1.2 s"]
    assert shown[1] == ["under 1 ms", "14 ms", "1.2 s", "450 ms", "2.1 s"]


def test_a_passage_of_a_document_that_is_gone_says_so_and_leads_nowhere() -> None:
    panel = render_panel([replace(ANSWERED, gone=frozenset({"d1"}))], LINKS)

    assert "was changed or removed since" in panel
    assert "/v1/sources/d1-0" not in panel


def test_each_answer_says_who_gave_it_and_how_long_it_took() -> None:
    timed = replace(ANSWERED, whole_milliseconds=2100.0)
    quoted = replace(ANSWERED, model="extractive")

    assert "Answered by tiny in 2.1 s" in render_turn(timed, LINKS)
    assert "Quoted without a chat model<" in render_turn(quoted, LINKS)


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("the answer was cancelled", "Stopped."),
        ("the answer was cancelled: nobody was reading it", "Stopped: nobody was reading it."),
    ],
)
def test_an_answer_that_was_cancelled_is_called_stopped(detail: str, said: str) -> None:
    failed = Failed(error="AnswerCancelledError", detail=detail, retryable=False)

    html = render_turn(play(RETRIEVED, Delta(text="It "), failed), LINKS)

    assert f'<p class="note">{said}</p>' in html


def test_an_abstention_is_shown_as_such_with_what_came_closest() -> None:
    outcome = {"outcome": "insufficient", "nearest": (NEAREST,)}

    html = render_turn(play(RETRIEVED, DONE.model_copy(update=outcome)), LINKS)

    assert "Not answered by these documents" in html
    assert "What came closest" in html
    assert 'data-mark="t1-2"' in html
    assert "close enough: 0.100" in html


def test_a_failure_keeps_what_was_written_and_says_why() -> None:
    failed = Failed(error="ChatUnavailableError", detail="the model is away", retryable=True)

    html = render_turn(play(RETRIEVED, Delta(text="It "), failed), LINKS)

    assert "<p>It</p>" in html
    assert '<div class="fault" role="alert"><p>The model is away.</p>' in html
    assert 'data-press="again">Answer again</button>' in html


def test_an_answer_that_begins_anew_forgets_the_first_one() -> None:
    turn = play(
        RETRIEVED, Delta(text="No"), Restarted(model="other", detail="cut"), Delta(text="Yes")
    )

    assert (turn.text, turn.citations, turn.running) == ("Yes", (), True)


def test_the_surroundings_of_a_passage_are_shown_with_it() -> None:
    document = "x" * 3 + " before " + "Text" + " after"
    place = document.index("Text")
    passage = passage_view(1).model_copy(update={"start": place, "end": place + 4})
    retrieved = RETRIEVED.model_copy(update={"passages": (passage,)})
    turn = Turn(1, "?", retrieved=retrieved, stretches={1: cut_stretch(document, place, place + 4)})

    panel = render_panel([turn], LINKS)

    assert '<span class="around">xxx before </span><span class="passage">Text</span>' in panel
    assert '<span class="around"> after</span>' in panel


def test_long_surroundings_are_cut_at_words() -> None:
    stretch = cut_stretch("word " * 300, 700, 705)

    assert stretch == Stretch(205, ("word " * 200).rstrip(), to_end=False)


def test_only_answers_are_history_and_a_stopped_one_is_too() -> None:
    begun = begin_turn(Conversation((ANSWERED, Turn(2, "And?"))), "Then?")
    stopped = stop_last(begun)

    assert [turn.status for turn in stopped.turns] == ["done", "stopped", "stopped"]
    assert [message["role"] for message in list_history(begun.turns)] == ["user", "assistant"]
    assert drop_last(begun).last_question == "And?"


def test_an_empty_panel_says_what_will_stand_there() -> None:
    assert render_panel([Turn(1, "?")], LINKS) == EMPTY_PANEL


@pytest.mark.parametrize(
    ("same_site", "url", "seen"),
    [
        (True, "http://127.0.0.1:8000/v1/sources/a", "/v1/sources/a"),
        (False, "http://127.0.0.1:8000/v1/sources/a", "http://127.0.0.1:8000/v1/sources/a"),
        (True, "https://public/v1/sources/a", "https://public/v1/sources/a"),
    ],
)
def test_addresses_are_those_that_the_browser_can_open(
    *, same_site: bool, url: str, seen: str
) -> None:
    links = Links("http://127.0.0.1:8000", same_site=same_site)

    assert links.address(passage_view(1).model_copy(update={"url": url})) == seen
