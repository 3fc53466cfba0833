"""As much of Streamlit as the example uses: what it would draw is printed, a line each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import NoReturn, Self


class Session(dict):
    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


class Place:
    """Any container: what is drawn in it is drawn."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def container(self) -> Place:
        return self

    def write(self, text: str) -> None:
        draw("write", text)

    def write_stream(self, pieces: Iterator[str]) -> str:
        return "".join(pieces)


def draw(name: str, text: str, url: str = "") -> None:
    sys.stdout.write(f"{name}: {text} {url}".rstrip() + "\n")


def select(label: str, options: Sequence[str]) -> str:
    draw(label, ", ".join(options))
    return options[0]


def expander(label: str) -> Place:
    draw("expander", label)
    return Place()


def chat_message(_role: str) -> Place:
    return Place()


def stop() -> NoReturn:
    raise SystemExit


def set_page_config(**_: object) -> None:
    pass


def title(text: str) -> None:
    draw("title", text)


def text(text: str) -> None:
    draw("text", text)


def markdown(text: str) -> None:
    draw("markdown", text)


def error(text: str) -> None:
    draw("error", text)


def link_button(label: str, url: str) -> None:
    draw("link_button", label, url)


def chat_input(_label: str) -> str:
    return os.environ["QUESTION"]


empty = Place
session_state = Session()
sidebar = SimpleNamespace(selectbox=select, button=lambda _label: False)
