"""A question and its conversation → the queries that are searched for it, and who wrote them.

By the chat model where it has to be asked, else by the rule of `rag_api.follow_up`; a model that
fails or writes nonsense costs a warning, never the question.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

from rag_api.answer import Answerer, ModelAnswerer
from rag_api.chat import Text
from rag_api.follow_up import carry_over, needs_history
from rag_api.prompt import Turn, make_budget
from rag_api.query_prompt import Wish, Written, build_query_prompt, has_all, read_queries
from rag_api.wire.appended import strip_appended
from rag_core.errors import ChatUnavailableError, InvalidRequestError, RagError

_SECONDS = 4.0
"""How long the chat model may take; whoever asks waits for it before anything is searched."""
_MOST_TOKENS = 1024
"""A query takes fifty; a model that reasons counts its thoughts, too."""
_MOST_CHARACTERS = 8_000

_LOG = logging.getLogger(__name__)

Writer = Literal["rule", "model"]


@dataclass(frozen=True, slots=True)
class Rewriting:
    """How a question becomes queries."""

    follows_up: bool = True
    """Whether turns before the question may change what is searched."""
    variants: int = 1
    """Wordings that are searched, the first included."""
    hyde: bool = False
    """Whether a passage that the chat model makes up is searched, too."""

    @property
    def needs_model(self) -> bool:
        """Whether only a chat model can do it."""
        return self.hyde or self.variants > 1


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What is searched for a question."""

    query: str
    """The question in whole words."""
    queries: tuple[str, ...]
    """All that are searched, together; the query is the first."""
    written_by: Writer | None = None
    """None when the question is searched as it stands."""
    warnings: tuple[str, ...] = ()
    """What was not done as it was wished, one sentence each."""


async def rewrite(
    question: str, history: Sequence[Turn], rewriting: Rewriting, answerer: Answerer
) -> Rewritten:
    """Make the queries of a question; asks the chat model only when it is needed.

    Raises:
        InvalidRequestError: only a chat model can do what is wished, and there is none.
    """
    history = strip_appended(history) if rewriting.follows_up else ()
    # A greeting before it, say, gives a chat model nothing to write more of than the rule.
    ruled = _by_rule(question, history)
    if not isinstance(answerer, ModelAnswerer):
        _check(rewriting)
        return ruled
    follows = ruled.written_by is not None
    if not follows and not rewriting.needs_model:
        return ruled
    wish = Wish(not follows, rewriting.variants - 1, rewriting.hyde)
    try:
        written = await _ask(answerer, question, history, wish)
    except (RagError, TimeoutError) as error:
        why = str(error) or f"it took longer than {_SECONDS:g} s"
        return _warn(ruled, f"the chat model wrote no queries: {why}")
    return _take(written, ruled, wish)


def _check(rewriting: Rewriting) -> None:
    if rewriting.needs_model:
        wanted = "hyde" if rewriting.hyde else f"variants={rewriting.variants}"
        raise InvalidRequestError(
            f"retrieval: {wanted} needs a chat model to write the queries, and none is configured "
            "(CHAT_MODEL); leave it out, and the question is searched as it stands"
        )


async def _ask(
    answerer: ModelAnswerer, question: str, history: Sequence[Turn], wish: Wish
) -> Written:
    if answerer.rest.resting:
        raise ChatUnavailableError(f"{answerer.model!r} has failed a moment ago")
    messages = build_query_prompt(question, history, wish)
    budget = make_budget(answerer.counter, answerer.context_tokens, _MOST_TOKENS)
    if sum(map(budget.count, messages)) > budget.prompt_tokens:
        raise InvalidRequestError("the conversation does not fit into its context")
    text = ""
    stream = answerer.chat.stream(messages, max_tokens=budget.answer_tokens)
    async with asyncio.timeout(_SECONDS), aclosing(stream) as parts:
        async for part in parts:
            text += part.text if isinstance(part, Text) else ""
            if len(text) > _MOST_CHARACTERS or has_all(text, wish):
                break  # whatever else it has to say, nobody waits for
    return read_queries(text, question, history, wish)


def _take(written: Written, ruled: Rewritten, wish: Wish) -> Rewritten:
    """What the chat model wrote; by the rule, where that is no query."""
    first = ruled
    if not wish.stands_alone and written.query is None:
        first = _warn(ruled, "what the chat model wrote is not the question in whole words")
    elif not wish.stands_alone or written.others:
        query = ruled.query if written.query is None or wish.stands_alone else written.query
        first = Rewritten(query, (query,), "model")
    got, wanted = len(written.others), wish.variants + wish.passage
    if got < wanted:
        first = _warn(first, f"the chat model wrote {got} of {wanted} further queries")
    return replace(first, queries=tuple(dict.fromkeys((*first.queries, *written.others))))


def _warn(rewritten: Rewritten, why: str) -> Rewritten:
    _LOG.warning("%s", why)
    sentence = f"{why[0].upper()}{why[1:]}."
    return replace(rewritten, warnings=(*rewritten.warnings, sentence))


def _by_rule(question: str, history: Sequence[Turn]) -> Rewritten:
    if not history or not needs_history(question):
        return Rewritten(question, (question,))
    queries = carry_over(question, history)
    return Rewritten(queries[0], queries, None if queries == (question,) else "rule")
