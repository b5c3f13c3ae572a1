"""What a provider's refusal says: which error it is, whether another attempt may help, and when. Pure."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from kinescribe_server.jobs.errors import MakeError

_MOST_CHARACTERS = 300
# Of what is longer, the rest says nothing new.
_MOST_READ = 20_000
_STATUS = re.compile(r"[45]\d\d")
# The provider's own codes for an account without money; waiting does not fill it.
_NO_QUOTA = re.compile(
    r"insufficient_quota|credit_balance|insufficient_(?:balance|credits?|funds)|quota_exceeded|billing_|"
    r"billing details|exceeded your current quota|out of credits?|credits? (?:are |is )?exhausted",
    re.IGNORECASE,
)
# Some say with a plain 400 that the key or the model is wrong (Gemini and xAI; OpenRouter, LiteLLM and DeepSeek).
_NO_KEY = re.compile(r"(?:invalid|incorrect)[ _]api[ _]key|api[ _]key[ _](?:is )?(?:not valid|invalid)", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model_not_found|not a valid model|invalid model name|\bmodel\b.{0,100}\bnot (?:exist|found)\b", re.IGNORECASE
)
_MAY_RETRY = frozenset({408, 409, 425, 429, 504})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_REASONS = {
    401: "REMOTE_KEY_REFUSED",
    402: "REMOTE_QUOTA_EXHAUSTED",
    403: "REMOTE_KEY_REFUSED",
    404: "REMOTE_NOT_FOUND",
    407: "REMOTE_KEY_REFUSED",
    408: "REMOTE_TIMEOUT",
    429: "REMOTE_RATE_LIMITED",
    504: "REMOTE_TIMEOUT",
}
# Gateways name credentials in their errors, and keys are often shown with their first and last letters.
_SECRETS = re.compile(r"\b(?:sk|pk|rk|hf|gsk|xai|key|api)[-_][\w*.-]{4,}|\b(?:Bearer|Basic)\s+[\w.~+/=*-]+|//[^/@\s]*@")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class RemoteError(MakeError):
    """A provider's refusal, with what an adapter may want to know of it. It crosses processes as a plain MakeError."""

    def __init__(self, reason: str, message: str, *, status: int = 0, code: str = "", detail: str = "") -> None:
        super().__init__(reason, message)
        self.status = status
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply that is no success. `wait` is what the provider asks for, in seconds; None if it names no time."""

    error: RemoteError
    retryable: bool
    wait: float | None = None


def json_of(response: httpx.Response) -> Any:
    """The JSON of a reply. Raises ValueError for what is none, and for what is nested too deeply to be read."""
    try:
        return json.loads(response.content)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def read_refusal(provider: str, response: httpx.Response, secrets: Iterable[str] = ()) -> Refusal:
    """What a reply with a status of 400 or more means; or one of success, for a refusal that comes in it: its status is
    then the code, if that is one."""
    code, said = error_in(response)
    status, answered = response.status_code, f"answered {response.status_code}"
    if response.is_success:
        status, answered = int(code) if _STATUS.fullmatch(code) else 400, "answered with an error"
    detail = cleaned(said, secrets) or response.reason_phrase or "no reason given"
    reason, retryable = _meaning(status, f"{code} {said}")
    message = f"{provider} {answered}: {detail}"
    error = RemoteError(reason, message, status=status, code=code, detail=detail)
    return Refusal(error, retryable, wanted_wait(response) if retryable else None)


def error_in(response: httpx.Response) -> tuple[str, str]:
    """The code and the words of an error, in any of the forms that are in use: OpenAI's {"error": {…}}, FastAPI's
    {"detail": …}, {"message": …}, a page, or plain text. Empty where a JSON reply holds no error."""
    try:
        body = json_of(response)
    except ValueError:
        return "", _TAGS.sub(" ", response.content[:_MOST_READ].decode("utf-8", "replace"))
    if not isinstance(body, dict):
        return "", str(body)[:2_000]
    error = body.get("error") or body.get("detail") or body.get("message") or body.get("errors") or ""
    if isinstance(error, dict):
        code = error.get("code") or error.get("type") or ""
        return str(code), str(error.get("message") or error.get("detail") or code)[:_MOST_READ]
    if isinstance(error, list):
        return "", "; ".join(_violation(item) for item in error[:10])
    return str(body.get("code") or ""), str(error)[:_MOST_READ]


def _violation(item: Any) -> str:
    """One of FastAPI's violations: where, and what."""
    if not isinstance(item, dict):
        return str(item)
    place = item.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return ": ".join(filter(None, (where, str(item.get("msg") or item.get("message") or item.get("detail") or ""))))


def cleaned(said: str, secrets: Iterable[str] = ()) -> str:
    """A provider's words, fit to be shown: on one line, short, and without keys."""
    for secret in secrets:
        said = said.replace(secret, "…")
    line = " ".join(_UNSEEN.sub(" ", _SECRETS.sub("…", said)).split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1].rstrip() + "…"


def _meaning(status: int, words: str) -> tuple[str, bool]:
    """The reason, and whether another attempt may help."""
    if status == 429 and _NO_QUOTA.search(words):
        return "REMOTE_QUOTA_EXHAUSTED", False
    if status == 400 and _NO_KEY.search(words):
        return "REMOTE_KEY_REFUSED", False
    if status == 400 and _NO_MODEL.search(words):
        return "REMOTE_NOT_FOUND", False
    if status in _REASONS:
        return _REASONS[status], status in _MAY_RETRY
    return ("REMOTE_UNAVAILABLE", True) if status >= 500 else ("REMOTE_REFUSED", status in _MAY_RETRY)


def wanted_wait(response: httpx.Response) -> float | None:
    """The wait that Retry-After asks for (RFC 9110, 10.2.3: seconds or a date), in seconds; None without one."""
    milliseconds = response.headers.get("retry-after-ms", "")
    if _NUMBER.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    given = response.headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(given):
        return float(given)
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
