from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from rag_api.events import Cited, Delta, Done, Event, Restarted
from rag_api.wire.completed import complete
from rag_api.wire.source_list import append_sources, escape_markdown, strip_sources
from tests.answers import CITED, DONE, FAILED, PASSAGES, RETRIEVED, cited, stream

ANSWERED = (RETRIEVED, Delta(text="Three [3], one [1].\n"), cited(3), CITED, DONE)
LIST = (
    "\n\n**Sources**\n"
    "\n- [1] [Guide: Start](http://here/v1/sources/d1-0#passage)"
    "\n- [3] [Guide: Start (2)](http://here/v1/sources/d3-0#passage)"
)

# Markdown has no NUL.
NAMES = st.text("ab[]()<>&;#x1*_`~!\\ :/.") | st.text(
    st.characters(codec="utf-8", exclude_characters="\0")
)


async def append(*events: Event) -> list[Event]:
    return [event async for ready in append_sources(stream(events)) for event in ready]


def plain(node: SyntaxTreeNode) -> str:
    return node.content if not node.children else "".join(map(plain, node.children))


async def test_only_what_is_cited_is_listed_by_the_numbers_of_the_markers() -> None:
    *before, listed, done = await append(*ANSWERED)

    assert before == list(ANSWERED[:-1])
    assert listed == Delta(text=LIST)
    assert done == DONE


async def test_events_that_come_one_by_one_get_the_same_list() -> None:
    one_by_one = append_sources(stream(*[(event,) for event in ANSWERED]))

    events = [event async for ready in one_by_one for event in ready]

    assert events == await append(*ANSWERED)


async def test_an_answer_that_cites_nothing_or_fails_has_no_list() -> None:
    for events in ((RETRIEVED, Delta(text="No."), DONE), (RETRIEVED, CITED, FAILED)):
        assert await append(*events) == list(events)


async def test_what_was_cited_before_a_restart_is_not_listed() -> None:
    restarted = Restarted(model="b", detail="cut off")

    events = await append(RETRIEVED, CITED, restarted, cited(3), DONE)

    assert events[-2] == Delta(text=LIST.replace(LIST.splitlines()[4] + "\n", ""))


async def test_the_list_belongs_to_a_whole_answer_too() -> None:
    completed = await complete(append_sources(stream(ANSWERED)))

    assert completed.text == f"Three [3], one [1].\n{LIST}"
    assert [citation.number for citation in completed.citations] == [3, 1]


async def test_markdown_shows_the_list_as_links() -> None:
    whole = await complete(append_sources(stream(ANSWERED)))

    tree = SyntaxTreeNode(MarkdownIt("commonmark").parse(whole.text))

    links = [node for node in tree.walk() if node.type == "link"]
    assert [link.attrs["href"] for link in links] == [PASSAGES[0].url, PASSAGES[2].url]
    assert [plain(item) for item in tree.walk() if item.type == "list_item"] == [
        "[1] Guide: Start",
        "[3] Guide: Start (2)",
    ]


@given(NAMES.map(str.split).map(" ".join).filter(bool))
def test_a_name_is_shown_as_it_is_whatever_marks_it_holds(name: str) -> None:
    text = f"- [1] [{escape_markdown(name)}](http://here/)"

    tree = SyntaxTreeNode(MarkdownIt("commonmark").parse(text))

    (link,) = [node for node in tree.walk() if node.type == "link"]
    assert plain(link) == name


async def test_a_url_cannot_end_its_link() -> None:
    citation = CITED.citation.model_copy(update={"url": "http://here/a b(c)<d>"})

    events = await append(RETRIEVED, Cited(citation=citation), DONE)

    assert isinstance(events[-1], Done)
    assert "(http://here/a%20b%28c%29%3Cd%3E)" in events[-2].model_dump_json()


async def test_the_list_is_taken_off_again_when_the_answer_comes_back() -> None:
    whole = await complete(append_sources(stream(ANSWERED)))

    assert strip_sources(whole.text) == "Three [3], one [1].\n"
    assert strip_sources(f"{whole.text}\n And more.") == f"{whole.text}\n And more."


@given(st.text("a*Sources\n-[1] ()"))
def test_other_texts_are_left_as_they_are(text: str) -> None:
    assert strip_sources(text) == text
