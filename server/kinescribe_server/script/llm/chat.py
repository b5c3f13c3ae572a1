"""A language model behind an OpenAI-compatible chat endpoint: a question with a schema, an answer that fits it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, TypeVar

import httpx

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.replies import RemoteError, cleaned, json_of, read_refusal
from kinescribe_server.script.llm.budget import Budget
from kinescribe_server.script.llm.prompts import Prompt
from kinescribe_server.script.llm.replies import CutOffError, ReplyError, json_in, words_of
from kinescribe_server.script.llm.schemas import Schema

T = TypeVar("T")

# The ways to ask for JSON, the strictest first. A server that refuses one is asked in the next.
Form = Literal["json_schema", "json_object", "prompt"]
_NEXT_FORM: Mapping[Form, Form] = {"json_schema": "json_object", "json_object": "prompt"}
# What newer models call the limit of a reply, and none at all where a server refuses both.
_NEXT_LIMIT: Mapping[str, str] = {"max_tokens": "max_completion_tokens", "max_completion_tokens": ""}

_OVERFLOW = re.compile(
    r"context_?(?:length|window|size)|context (?:length|window|size)|maximum context|too many tokens|"
    r"(?:prompt|input|request)\b.{0,40}\btoo (?:long|large|many)|num_ctx|exceeds? the (?:available |model's )?context",
    re.IGNORECASE,
)
_LIMIT_FIELD = re.compile(r"max_(?:completion_)?tokens")
# No tokenizer makes so few tokens of a text: a server that counts fewer has cut the prompt and said nothing (Ollama).
_MOST_CHARACTERS_PER_TOKEN = 7
_LONG_PROMPT = 4_000
_CHARACTERS_PER_TOKEN = 4
_MOST_ECHOED = 4_000


class TooLongError(Exception):
    """The question, or its answer, is longer than the model can take. A shorter one may do."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands."""

    form: Form = "json_schema"
    limit: str = "max_tokens"


@dataclass
class Listener:
    """What was learnt of a server and a model in this process, so that refusals are not collected again for every
    request."""

    dialect: Dialect = Dialect()


@cache
def listener_of(base_url: str, model: str) -> Listener:
    """The listener at an address."""
    return Listener()


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A model; safe to use from several threads."""

    client: RemoteClient
    base_url: str
    model: str
    budget: Budget
    reply_tokens: int

    @property
    def concurrency(self) -> int:
        """How many questions may be asked at a time."""
        return self.client.provider.concurrency

    def ask(self, prompt: Prompt, schema: Schema, read: Callable[[Any], T]) -> T:
        """What `read` makes of the model's JSON; it raises ReplyError for what it cannot use. The model has one more
        turn to mend a reply that cannot be used.

        Raises TooLongError, and MakeError: those of the client, LLM_REFUSED, LLM_BAD_REPLY and LLM_BUDGET_SPENT.
        """
        messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        try:
            return self._turn(messages, schema, read)
        except ReplyError as error:
            messages += _repair(error)
        try:
            return self._turn(messages, schema, read)
        except CutOffError as error:
            raise TooLongError(str(error)) from None
        except ReplyError as error:
            message = f"the language model gave no usable answer, and none when asked again: {cleaned(str(error))}"
            raise MakeError("LLM_BAD_REPLY", message) from None

    def _turn(self, messages: list[dict[str, str]], schema: Schema, read: Callable[[Any], T]) -> T:
        words = words_of(self._completion(messages, schema))
        try:
            return read(json_in(words))
        except ReplyError as error:
            raise ReplyError(str(error), words) from None

    def _completion(self, messages: list[dict[str, str]], schema: Schema) -> Any:
        """The body of a completion, asked for in the strictest form that the server takes."""
        listener = listener_of(self.base_url, self.model)
        dialect = listener.dialect
        while True:
            asked = _payload(self.model, messages, schema, dialect, self.reply_tokens)
            try:
                body = self._post(asked)
                break
            except RemoteError as error:
                dialect = _simpler(error, dialect)
        listener.dialect = dialect
        characters = sum(len(message["content"]) for message in asked["messages"])
        read = _usage(body)[0]
        if characters > _LONG_PROMPT and 0 < read < characters / _MOST_CHARACTERS_PER_TOKEN:
            raise TooLongError(f"the server read {read:,} tokens of a prompt of {characters:,} characters")
        return body

    def _post(self, payload: Mapping[str, Any]) -> Any:
        """The JSON of a reply. Raises RemoteError, also for an error in a reply of success."""
        seconds = self.budget.seconds_left()
        try:
            response = self.client.request("POST", "/chat/completions", json=payload, within=seconds, units=_units)
        except RemoteError as error:
            raise _with_advice(error, self.model) from None
        body = _json(response)
        if isinstance(body, Mapping) and body.get("error") and not body.get("choices"):
            provider = self.client.provider
            raise _with_advice(read_refusal(provider.name, response, provider.secrets).error, self.model)
        tokens_in, tokens_out = _usage(body)
        asked = sum(len(message["content"]) for message in payload["messages"])
        self.budget.spend(tokens_in or asked // _CHARACTERS_PER_TOKEN, tokens_out or len(response.content) // 4)
        return body


def _with_advice(error: RemoteError, model: str) -> RemoteError:
    """The error, with the settings to look at where one of them is wrong."""
    match error.reason:
        case "REMOTE_KEY_REFUSED":
            advice = "LLM_API_KEY is missing, wrong, or not allowed to use this model"
        case "REMOTE_NOT_FOUND":
            advice = f"LLM_BASE_URL or LLM_MODEL ({model}) is wrong"
        case _:
            return error
    return RemoteError(error.reason, f"{error.message} ({advice})", status=error.status, code=error.code)


def _payload(
    model: str, messages: list[dict[str, str]], schema: Schema, dialect: Dialect, reply_tokens: int
) -> dict[str, Any]:
    """The request; what is not set is left out, because some servers refuse nulls."""
    payload: dict[str, Any] = {"model": model, "messages": messages}
    if dialect.limit:
        payload[dialect.limit] = reply_tokens
    if dialect.form == "json_schema":
        wanted = {"name": schema.name, "schema": schema.schema, "strict": True}
        return payload | {"response_format": {"type": "json_schema", "json_schema": wanted}}
    if dialect.form == "json_object":
        payload["response_format"] = {"type": "json_object"}
    return payload


def _simpler(error: RemoteError, dialect: Dialect) -> Dialect:
    """What to try after a refusal of the request itself. Raises the error where nothing simpler is left, and
    TooLongError."""
    if error.reason != "REMOTE_REFUSED" or error.status not in {400, 413, 415, 422, 501}:
        raise error
    words = f"{error.code} {error.detail}"
    if error.status == 413 or _OVERFLOW.search(words):
        # The room for the reply counts too: vLLM refuses what would fit without it.
        if dialect.limit and re.search(r"completion|max_tokens|output", words):
            return replace(dialect, limit="")
        raise TooLongError(error.message)
    if dialect.limit and _LIMIT_FIELD.search(words):
        return replace(dialect, limit=_NEXT_LIMIT[dialect.limit])
    if dialect.form in _NEXT_FORM:
        return replace(dialect, form=_NEXT_FORM[dialect.form])
    raise error


def _repair(error: ReplyError) -> list[dict[str, str]]:
    """The turn that asks for a better reply. A cut one is not shown again: it took all the room already."""
    if isinstance(error, CutOffError):
        return [{"role": "user", "content": "Your answer was too long and was cut off. Answer with half as much."}]
    words = error.words[:_MOST_ECHOED].encode("utf-8", "replace").decode()  # halves of signs cannot be sent
    said = [{"role": "assistant", "content": words}] if words else []
    why = f"That cannot be used: {str(error)[:1_000]}. Answer again with one JSON object of the form asked for."
    return [*said, {"role": "user", "content": why}]


def _json(response: httpx.Response) -> Any:
    try:
        return json_of(response)
    except ValueError:
        raise MakeError(
            "REMOTE_BAD_REPLY", "the language model's server answered with something other than JSON"
        ) from None


def _usage(body: Any) -> tuple[int, int]:
    """The tokens read and written; 0 where the server does not say."""
    usage = body.get("usage") if isinstance(body, Mapping) else None
    if not isinstance(usage, Mapping):
        return 0, 0
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    tokens_in, tokens_out = (count if isinstance(count, int) and count >= 0 else 0 for count in counts)
    return tokens_in, tokens_out


def _units(response: httpx.Response) -> Mapping[str, float]:
    """What goes into the log."""
    try:
        body = json_of(response)
    except ValueError:
        return {}
    tokens_in, tokens_out = _usage(body)
    units: dict[str, float] = {"tokens_in": tokens_in, "tokens_out": tokens_out}
    cost = body["usage"].get("cost") if isinstance(body, Mapping) and isinstance(body.get("usage"), Mapping) else None
    return units | ({"cost": cost} if isinstance(cost, int | float) else {})
