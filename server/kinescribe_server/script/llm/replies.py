"""What is in a chat completion: the words, or why there are none; and the JSON in the words. Pure."""

import json
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, NoReturn

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.replies import cleaned

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
# Where an object may begin in prose; more of them are no answer.
_MOST_BEGINNINGS = 40


class ReplyError(Exception):
    """A reply is not what was asked for; the message says why, for the model to mend it. `words` is what it said."""

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class CutOffError(ReplyError):
    """A reply ends at the limit of its length."""


def words_of(body: Any) -> str:
    """The words of a completion. Raises ReplyError for an empty or odd one, CutOffError, and MakeError LLM_REFUSED."""
    choice = _first(body.get("choices")) if isinstance(body, Mapping) else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise ReplyError("the reply holds no message")
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal.strip():
        raise MakeError("LLM_REFUSED", f"the language model refuses: {cleaned(refusal)}")
    reason = choice.get("finish_reason")
    if reason == "content_filter":
        raise MakeError("LLM_REFUSED", "the language model's provider filters the answer out (content_filter)")
    words = _joined(message.get("content"))
    if reason == "length":
        raise CutOffError("the reply ends at the limit of its length", words)
    if not words.strip():
        raise ReplyError("the reply is empty")
    return words


def _first(items: Any) -> Any:
    return items[0] if isinstance(items, list) and items else None


def _joined(content: Any) -> str:
    """The content of a message: text, or parts with text."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def json_in(words: str) -> Any:
    """The JSON object or list in a reply: alone, in a fence, or with prose around it. Raises ReplyError."""
    said = _THOUGHTS.sub("", words).strip().removeprefix("\ufeff")
    why = "there is no JSON in it"
    for candidate in (said, *(found[1] for found in _FENCE.finditer(said))):
        try:
            return _structure(json.loads(candidate, parse_constant=_no_number))
        except ValueError as error:
            why = str(error) if "{" in candidate else why
        except RecursionError:
            raise ReplyError("the JSON is nested too deeply") from None
    decoder = json.JSONDecoder(parse_constant=_no_number)
    for found in islice(re.finditer(r"[{\[]", said), _MOST_BEGINNINGS):
        try:
            return _structure(decoder.raw_decode(said, found.start())[0])
        except (ValueError, RecursionError):
            continue
    raise ReplyError(f"the reply is not one JSON object: {why}", words)


def _structure(value: Any) -> Any:
    """The value, if it is an object or a list of objects; a lone number in prose is no answer."""
    if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
        return value
    raise ValueError("it is neither an object nor a list of objects")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
