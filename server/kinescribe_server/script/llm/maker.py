"""The makers of scripts with a language model: written by it, and translated by it.

The settings come as text, because they are part of a result's key; the API key is taken from LLM_API_KEY in the worker
and goes nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.provider import Provider, bearer
from kinescribe_server.script.llm.budget import Budget
from kinescribe_server.script.llm.chat import ChatModel
from kinescribe_server.script.llm.translation import Translator
from kinescribe_server.script.llm.writer import LlmWriter
from kinescribe_server.script.model import SCRIPT
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest, TranslationRequest, Written
from kinescribe_server.script.translating import differs

# What the model did not do for want of time, tokens or health; another time it may.
_PARTLY = frozenset({"SECTION_BY_OTHER_WRITER", "TRANSLATION_INCOMPLETE"})


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Where the model is and what it may cost, as text."""

    base_url: str
    model: str
    # 25 scenes, with their pictures.
    reply_tokens: str = "8000"
    budget_seconds: str = "300"
    # A document of 200,000 characters is 50,000 tokens to read and about as many to write.
    budget_tokens: str = "200000"
    # The longest that one request may take: slow models write a section in less.
    timeout_seconds: str = "120"
    concurrency: str = "4"
    per_minute: str = "0"


def make_script_with_llm(request: ScriptRequest, bench: Bench, **settings: str) -> Made:
    """A script's `Made`: files {"script": JSON}; details {"title", "language", "segments", "usage": {"provider",
    "model", "requests", "tokens_in", "tokens_out"}}. Raises MakeError: REMOTE_… and LLM_…, none of them retryable."""
    with _chat(ModelSettings(**settings)) as chat:
        return _made(LlmWriter(chat, chat.concurrency, bench.report).write(request), bench, chat)


def make_translated_script(request: ScriptRequest, bench: Bench, **settings: str) -> Made:
    """The offline writer's script, translated where the text is in another language than the one asked for; details as
    those of `make_script_with_llm`. Raises MakeError."""
    with _chat(ModelSettings(**settings)) as chat:
        written = OfflineWriter().write(replace(request, language=""))
        if differs(written.script.language, request.language):
            translator = Translator(chat, chat.concurrency, bench.report)
            return _made(translator.translate(written, request.language), bench, chat)
        return _made(OfflineWriter().write(request), bench, chat)


def make_translation(request: TranslationRequest, bench: Bench, **settings: str) -> Made:
    """A script in another language, with the scene ids and the sources of its visuals; details as those of
    `make_script_with_llm`. Raises MakeError."""
    with _chat(ModelSettings(**settings)) as chat:
        translator = Translator(chat, chat.concurrency, bench.report)
        return _made(translator.translate(Written(request.script), request.language), bench, chat)


@contextmanager
def _chat(settings: ModelSettings) -> Iterator[ChatModel]:
    provider = Provider(
        "the language model",
        settings.base_url,
        float(settings.timeout_seconds),
        int(settings.concurrency),
        int(settings.per_minute),
        bearer("LLM_API_KEY"),
    )
    with RemoteClient(provider) as client:
        budget = Budget(float(settings.budget_seconds), int(settings.budget_tokens))
        yield ChatModel(client, provider.base_url, settings.model, budget, int(settings.reply_tokens))


def _made(written: Written, bench: Bench, chat: ChatModel) -> Made:
    script = written.script
    file = bench.artifacts.put_bytes(SCRIPT.dump_json(script), "application/json")
    usage = {"provider": urlsplit(chat.base_url).netloc, "model": chat.model, **chat.budget.usage()}
    details = {"title": script.title, "language": script.language, "segments": len(script.scenes), "usage": usage}
    lasting = not any(notice.reason in _PARTLY for notice in written.notices)
    return Made({"script": file}, details, written.notices, lasting=lasting)
