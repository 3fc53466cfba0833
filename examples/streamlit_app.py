"""A chat about the documents in Streamlit: streamed, its citations as links to the passages.

    pip install streamlit openai
    streamlit run streamlit_app.py

It asks the API at RAG_URL (http://127.0.0.1:8000) with the key in RAG_API_KEY, when it has one.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import streamlit as st
from openai import APIError, OpenAI

client = OpenAI(
    base_url=os.environ.get("RAG_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ.get("RAG_API_KEY", "anything"),
)


@dataclass
class Sources:
    """What an answer rests on."""

    passages: list[dict[str, str]] = field(default_factory=list)
    """Each with `title`, `url` and `snippet`; the first one is number 1."""
    markers: list[tuple[int, int, int]] = field(default_factory=list)
    """Where each marker begins and ends in the text, and the number that it names."""


def stream_answer(
    messages: list[dict[str, str]], collection: str, sources: Sources
) -> Iterator[str]:
    """The pieces of the text, as they come; the last chunk fills in the sources."""
    chunks = client.chat.completions.create(
        model="rag",
        messages=messages,
        stream=True,
        # Ours; "retrieval" goes here too, such as {"filter": …} or {"diversity": 0.3}.
        extra_body={"collection": collection},
    )
    for chunk in chunks:
        choice = chunk.choices[0]
        yield choice.delta.content or ""
        if choice.finish_reason:
            sources.passages = chunk.search_results
            numbers = {passage["url"]: number for number, passage in enumerate(sources.passages, 1)}
            for annotation in getattr(choice.delta, "annotations", None) or []:
                cited = annotation["url_citation"]
                start, end = cited["start_index"], cited["end_index"]
                if start < end:  # a passage that no marker names has an empty place
                    sources.markers.append((start, end, numbers[cited["url"]]))


def link_markers(text: str, sources: Sources) -> str:
    """The text with links in place of its markers, which are such as [1] or [1, 2]."""
    links: dict[tuple[int, int], str] = defaultdict(str)
    for start, end, number in sources.markers:
        links[start, end] += f"[:blue-badge[{number}]]({sources.passages[number - 1]['url']})"
    for (start, end), link in sorted(links.items(), reverse=True):
        text = text[:start] + link + text[end:]
    return text


def show_answer(text: str, sources: Sources) -> None:
    """The text, and the passages that it cites, to be unfolded."""
    st.markdown(link_markers(text, sources))
    for number in sorted({number for _, _, number in sources.markers}):
        passage = sources.passages[number - 1]
        # A label is Markdown, a title is not.
        title = re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", passage["title"])
        with st.expander(f"{number} · {title}"):
            st.text(passage["snippet"])
            st.link_button("Show in the document", passage["url"])


def ask(question: str, collection: str) -> None:
    """Show a question and its answer while it comes, and remember both."""
    said, sources = st.session_state.messages, Sources()
    st.chat_message("user").write(question)
    said.append({"role": "user", "content": question})
    with st.chat_message("assistant"):
        place = st.empty()
        try:
            text = place.write_stream(stream_answer(said, collection, sources))
        except APIError as error:
            said.pop()
            st.error(error.message)
            return
        with place.container():
            show_answer(text, sources)
    said.append({"role": "assistant", "content": text})
    st.session_state.sources[len(said) - 1] = sources


def read_collections() -> list[str]:
    """The names of all collections; the page ends here when the API does not answer."""
    try:
        told = client.get("/collections", cast_to=object)
    except APIError as error:
        st.error(f"The API does not answer: {error.message}")
        st.stop()
    return [one["name"] for one in told["collections"]]


st.set_page_config(page_title="Ask the documents", page_icon="📄")
st.title("Ask the documents")
collection = st.sidebar.selectbox("Collection", read_collections())
if st.sidebar.button("New conversation") or "messages" not in st.session_state:
    st.session_state.messages, st.session_state.sources = [], {}

for position, message in enumerate(st.session_state.messages):
    with st.chat_message(message["role"]):
        show_answer(message["content"], st.session_state.sources.get(position, Sources()))
if question := st.chat_input("Your question"):
    ask(question, collection)
