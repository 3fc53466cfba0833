"""AI SDK's own client, in all versions that are in use, against the real server."""

from __future__ import annotations

from typing import Any

import pytest

from rag_core.errors import ChatUnavailableError
from tests.api import ScriptedChat, make_app, make_parts
from tests.cutting import interrupted
from tests.gates import GatedChat
from tests.node import run_script
from tests.servers import serving

ALL = pytest.mark.parametrize("version", ["7", "6", "5", "5.0.0"])
CURRENT = pytest.mark.parametrize("version", ["7", "6", "5"])


async def drive(version: str, url: str, *steps: str, **more: object) -> list[dict[str, Any]]:
    """The chat's state after each step."""
    told = await run_script("chat.mjs", version=version, api=f"{url}/api/chat", steps=steps, **more)
    states: list[dict[str, Any]] = told
    return states


async def drive_scripted(
    version: str, *steps: str, chat: ScriptedChat | None = None, **more: object
) -> list[dict[str, Any]]:
    parts = make_parts(chat=chat, api_key="secret")
    headers = {"authorization": "Bearer secret", **more.pop("headers", {})}
    async with serving(make_app(parts), lifespan="on") as port:
        return await drive(version, f"http://127.0.0.1:{port}", *steps, headers=headers, **more)


@ALL
async def test_a_whole_answer_arrives_with_its_sources(version: str) -> None:
    (state,) = await drive_scripted(version, "ask")

    question, answer = state["messages"]
    kinds = [part["type"] for part in answer["parts"]]
    assert (state["status"], state["error"]) == ("ready", None)
    assert question["parts"] == [{"type": "text", "text": "What does it cost?"}]
    assert state["text"] == "It costs 12 euros [1]."
    assert kinds == ["step-start", "source-url", "text", "data-citations"]
    assert answer["parts"][1]["title"] == "Prices & more, page 2"
    assert answer["parts"][1]["providerMetadata"]["rag"]["page"] == 2
    assert answer["parts"][2]["state"] == "done"
    assert answer["parts"][3]["data"][0]["quote"] == "It costs <b>12</b> euros."
    assert answer["metadata"]["usage"]["totalTokens"] == 25


@CURRENT
async def test_an_answer_is_written_anew_and_a_finished_one_stays(version: str) -> None:
    first, second, resumed = await drive_scripted(version, "ask", "regenerate", "resume")

    assert first["text"] == second["text"]
    assert first["messages"][1]["id"] != second["messages"][1]["id"]
    assert resumed == second


@ALL
async def test_our_fields_pass_in_the_body(version: str) -> None:
    (state,) = await drive_scripted(version, "ask", body={"collection": "other"})

    assert state["status"] == "error"
    assert state["error"] == "no collection 'other'; there are: 'default'"


@ALL
async def test_a_missing_key_is_told_to_the_user(version: str) -> None:
    (state,) = await drive_scripted(version, "ask", headers={"authorization": ""})

    assert (state["status"], state["error"][:18]) == ("error", "the key is missing")


@ALL
async def test_a_failure_in_mid_answer_is_told_beside_the_text(version: str) -> None:
    chat = ScriptedChat(failure=ChatUnavailableError("the model was cut off"))

    (state,) = await drive_scripted(version, "ask", chat=chat)

    assert (state["status"], state["error"]) == ("error", "the model was cut off")
    assert state["text"] == "It costs 12 euros [1]."


@ALL
async def test_a_stopped_answer_keeps_its_text_and_is_no_error(version: str) -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        (state,) = await drive(version, proxy.url, "ask, then stop at [1]")

    assert (state["status"], state["error"]) == ("ready", None)
    assert state["text"] == "".join(chat.before)
    assert chat.closed.is_set()


@CURRENT
@pytest.mark.parametrize(("resets", "ends_unseen"), [(False, False), (True, True)])
@pytest.mark.parametrize("step", ["resume", "reload", "forget"])
async def test_an_answer_that_was_cut_is_resumed_as_one_message(
    version: str, step: str, *, resets: bool, ends_unseen: bool
) -> None:
    chat = GatedChat()

    async with interrupted(chat, ends_unseen=ends_unseen, resets=resets) as proxy:
        cut, whole = await drive(version, proxy.url, "ask, then cut at [1]", step)

    assert (cut["status"], cut["text"]) == ("error", "".join(chat.before))
    assert (whole["status"], whole["text"]) == ("ready", chat.text)
    assert [message["role"] for message in whole["messages"]] == ["user", "assistant"]
    assert (proxy.cuts, chat.answers) == (1, 1)


@CURRENT
async def test_an_answer_may_be_cut_again_and_again(version: str) -> None:
    chat = GatedChat()
    cut_again = ["resume, then cut at [1]"] * 2

    async with interrupted(chat, cuts=3) as proxy:
        steps = ["ask, then cut at [1]", *cut_again, "resume"]
        *cut, whole = await drive(version, proxy.url, *steps)

    assert [state["status"] for state in cut] == ["error"] * 3
    assert (whole["status"], whole["text"], chat.answers) == ("ready", chat.text, 1)
    assert len(whole["messages"]) == 2


async def test_the_first_version_resumes_what_it_has_not_stored() -> None:
    chat = GatedChat()

    async with interrupted(chat) as proxy:
        _, whole = await drive("5.0.0", proxy.url, "ask, then cut at [1]", "forget")

    assert (whole["status"], whole["text"]) == ("ready", chat.text)
