"""The makers of scripts with a language model: written by it, and translated by it.

The settings come as text, because they are part of a result's key; the API key is taken from LLM_API_KEY in the worker
and goes nowhere else.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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

# The longest that one request may take: slow models write a section in less.
_TIMEOUT_SECONDS = "120"
_BUDGET_SECONDS = "300"
# A document of 200,000 characters is 50,000 tokens to read and about as many to write.
_BUDGET_TOKENS = "200000"
# 25 scenes, with their pictures.
_REPLY_TOKENS = "8000"
_CONCURRENCY = "4"
_PER_MINUTE = "0"


def make_script_with_llm(
    request: ScriptRequest,
    bench: Bench,
    *,
    base_url: str,
    model: str,
    budget_seconds: str = _BUDGET_SECONDS,
    budget_tokens: str = _BUDGET_TOKENS,
    reply_tokens: str = _REPLY_TOKENS,
    timeout_seconds: str = _TIMEOUT_SECONDS,
    concurrency: str = _CONCURRENCY,
    per_minute: str = _PER_MINUTE,
) -> Made:
    """A script's `Made`: files {"script": JSON}; details {"title", "language", "segments", "usage": {"provider",
    "model", "requests", "tokens_in", "tokens_out"}}. Raises MakeError: REMOTE_… and LLM_…, none of them retryable."""
    provider = _provider(base_url, timeout_seconds, concurrency, per_minute)
    with _chat(provider, model, budget_seconds, budget_tokens, reply_tokens) as chat:
        return _made(LlmWriter(chat, provider.concurrency, bench.report).write(request), bench, chat)


def make_translated_script(
    request: ScriptRequest,
    bench: Bench,
    *,
    base_url: str,
    model: str,
    budget_seconds: str = _BUDGET_SECONDS,
    budget_tokens: str = _BUDGET_TOKENS,
    reply_tokens: str = _REPLY_TOKENS,
    timeout_seconds: str = _TIMEOUT_SECONDS,
    concurrency: str = _CONCURRENCY,
    per_minute: str = _PER_MINUTE,
) -> Made:
    """The offline writer's script, translated where the text is in another language than the one asked for; details as
    those of `make_script_with_llm`. Raises MakeError."""
    provider = _provider(base_url, timeout_seconds, concurrency, per_minute)
    with _chat(provider, model, budget_seconds, budget_tokens, reply_tokens) as chat:
        written = OfflineWriter().write(replace(request, language=""))
        if differs(written.script.language, request.language):
            translator = Translator(chat, provider.concurrency, bench.report)
            return _made(translator.translate(written, request.language), bench, chat)
        return _made(OfflineWriter().write(request), bench, chat)


def make_translation(
    request: TranslationRequest,
    bench: Bench,
    *,
    base_url: str,
    model: str,
    budget_seconds: str = _BUDGET_SECONDS,
    budget_tokens: str = _BUDGET_TOKENS,
    reply_tokens: str = _REPLY_TOKENS,
    timeout_seconds: str = _TIMEOUT_SECONDS,
    concurrency: str = _CONCURRENCY,
    per_minute: str = _PER_MINUTE,
) -> Made:
    """A script in another language, with the scene ids and the sources of its visuals; details as those of
    `make_script_with_llm`. Raises MakeError."""
    provider = _provider(base_url, timeout_seconds, concurrency, per_minute)
    with _chat(provider, model, budget_seconds, budget_tokens, reply_tokens) as chat:
        translator = Translator(chat, provider.concurrency, bench.report)
        return _made(translator.translate(Written(request.script), request.language), bench, chat)


def _provider(base_url: str, timeout_seconds: str, concurrency: str, per_minute: str) -> Provider:
    credentials = bearer(os.environ.get("LLM_API_KEY", "").strip())
    return Provider(
        "the language model", base_url, float(timeout_seconds), int(concurrency), int(per_minute), credentials
    )


@contextmanager
def _chat(
    provider: Provider, model: str, budget_seconds: str, budget_tokens: str, reply_tokens: str
) -> Iterator[ChatModel]:
    with RemoteClient(provider) as client:
        budget = Budget(float(budget_seconds), int(budget_tokens))
        yield ChatModel(client, provider.base_url, model, budget, int(reply_tokens))


def _made(written: Written, bench: Bench, chat: ChatModel) -> Made:
    script = written.script
    file = bench.artifacts.put_bytes(SCRIPT.dump_json(script), "application/json")
    usage = {"provider": urlsplit(chat.base_url).netloc, "model": chat.model, **chat.budget.usage()}
    details = {"title": script.title, "language": script.language, "segments": len(script.scenes), "usage": usage}
    return Made({"script": file}, details, written.notices)
