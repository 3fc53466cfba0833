import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from rag_api.chat import ChatPart, Finish, Message, Text, Usage, open_chat
from rag_api.chat.langchain import LangChainChat
from rag_core.errors import (
    ChatRateLimitedError,
    ChatRejectedError,
    ChatUnavailableError,
    ConfigurationError,
    MissingPackageError,
)
from rag_core.settings import Settings
from tests.servers import serving
from tests.upstream import ANSWER, HEADERS, Upstream, chunk, streaming

QUESTION = [Message("system", "Be brief."), Message("user", "Well?")]


class ProviderError(Exception):
    def __init__(self, status_code: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("it said no")
        self.status_code = status_code
        self.response = SimpleNamespace(headers=headers)


class FakeModel(BaseChatModel):
    """Streams its script: text, a pause in seconds, or an error once; goes on when asked again."""

    script: list[object]
    asked: int = 0

    @property
    def _llm_type(self) -> str:
        return "fake"

    def _generate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        raise NotImplementedError(messages)

    async def _astream(
        self, messages: list[BaseMessage], *_: object, **__: object
    ) -> AsyncIterator[ChatGenerationChunk]:
        assert [message.type for message in messages] == ["system", "human"]
        self.asked += 1
        while self.script:
            step = self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield ChatGenerationChunk(message=step)


def chat_of(*script: AIMessageChunk | float | Exception) -> LangChainChat:
    return chat_over(FakeModel(script=list(script)))


def chat_over(model: FakeModel) -> LangChainChat:
    return LangChainChat(
        lambda _: model, "fake:model", first_token_seconds=0.3, next_token_seconds=0.2
    )


async def ask(chat: LangChainChat) -> list[ChatPart]:
    return [part async for part in chat.stream(QUESTION, max_tokens=9)]


async def test_texts_usage_and_reason_are_read_from_the_chunks() -> None:
    usage = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    last = AIMessageChunk("", response_metadata={"stop_reason": "max_tokens"}, usage_metadata=usage)

    parts = await ask(chat_of(AIMessageChunk("Hel"), AIMessageChunk("lo"), last))

    assert parts == [Text("Hel"), Text("lo"), Finish("length", Usage(5, 2))]


@pytest.mark.parametrize(
    ("status", "raised"),
    [(401, ChatRejectedError), (429, ChatRateLimitedError), (500, ChatUnavailableError)],
)
async def test_a_providers_error_becomes_ours_by_its_status(
    status: int, raised: type[Exception]
) -> None:
    with pytest.raises(raised, match=r"'fake:model' failed with .*it said no"):
        await ask(chat_of(AIMessageChunk("a"), ProviderError(status)))


async def test_a_provider_may_say_when_to_come_back() -> None:
    with pytest.raises(ChatRateLimitedError) as caught:
        await ask(chat_of(ProviderError(429, {"retry-after": "7"})))

    assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ((5.0,), "gave no token for 0.3 s"),
        ((AIMessageChunk("a"), 5.0), "gave no token for 0.2 s"),
        ((AIMessageChunk(""), 5.0), "gave no token for 0.3 s"),
    ],
)
async def test_silence_is_unavailable(
    script: tuple[AIMessageChunk | float, ...], said: str
) -> None:
    with pytest.raises(ChatUnavailableError, match=said):
        await ask(chat_of(*script))


async def test_a_stream_that_breaks_before_its_first_text_is_asked_for_again() -> None:
    cut = ProviderError(503, {"retry-after-ms": "1"})
    model = FakeModel(script=[AIMessageChunk(""), cut, AIMessageChunk("Hello")])

    parts = await ask(chat_over(model))

    assert parts[0] == Text("Hello")
    assert model.asked == 2


async def test_a_provider_that_never_began_has_asked_again_by_itself() -> None:
    model = FakeModel(script=[ProviderError(503, {"retry-after-ms": "1"}), AIMessageChunk("Hello")])

    with pytest.raises(ChatUnavailableError):
        await ask(chat_over(model))
    assert model.asked == 1


async def test_a_stream_without_a_token_or_a_reason_is_no_answer() -> None:
    with pytest.raises(ChatUnavailableError, match="'fake:model' ended without a token"):
        await ask(chat_of(AIMessageChunk("")))


async def test_a_missing_provider_package_is_named() -> None:
    settings = Settings(RAG_HOME=Path("unused"), CHAT_MODEL="cohere:command-x", _env_file=None)

    with pytest.raises(MissingPackageError, match="pip install langchain-cohere"):
        async with open_chat(settings):
            pass


async def ask_langchain_openai(upstream: Upstream) -> list[ChatPart]:
    async with serving(upstream) as port:
        model = init_chat_model(
            "openai:tiny", base_url=f"http://127.0.0.1:{port}/v1", api_key="x", max_retries=0
        )
        chat = LangChainChat(
            lambda _: model, "openai:tiny", first_token_seconds=5, next_token_seconds=5
        )
        parts = await ask(chat)
        await model.root_async_client.close()
        model.root_client.close()
    return parts


async def test_the_settings_open_a_providers_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "x")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01")
    settings = Settings(RAG_HOME=Path("unused"), CHAT_MODEL="azure_openai:tiny", _env_file=None)

    async with open_chat(settings) as chat:
        assert isinstance(chat, LangChainChat)
        assert chat.model == "azure_openai:tiny"


async def test_a_provider_without_its_key_is_a_fault_of_the_settings() -> None:
    settings = Settings(RAG_HOME=Path("unused"), CHAT_MODEL="azure_openai:tiny", _env_file=None)

    with pytest.raises(ConfigurationError, match="CHAT_MODEL='azure_openai:tiny'"):
        async with open_chat(settings):
            pass


async def test_a_real_provider_package_streams_through() -> None:
    parts = await ask_langchain_openai(streaming(*ANSWER))

    assert "".join(part.text for part in parts if isinstance(part, Text)) == "Hello there"
    assert isinstance(parts[-1], Finish)
    assert parts[-1].reason == "stop"


async def test_a_real_provider_packages_refusal_is_a_rejection() -> None:
    refusal = Upstream([(401, HEADERS, [b'{"error": {"message": "bad key"}}'])])

    with pytest.raises(ChatRejectedError, match=r"401.*bad key"):
        await ask_langchain_openai(refusal)


async def test_leaving_closes_the_providers_connection() -> None:
    upstream = streaming(chunk("a"), 20.0)
    async with serving(upstream) as port:
        model = init_chat_model("openai:tiny", base_url=f"http://127.0.0.1:{port}/v1", api_key="x")
        chat = LangChainChat(lambda _: model, "m", first_token_seconds=5, next_token_seconds=5)

        parts = chat.stream(QUESTION, max_tokens=None)
        await anext(parts)
        await parts.aclose()

        assert await asyncio.wait_for(upstream.left.wait(), 2)
