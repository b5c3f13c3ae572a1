"""Who is called: a provider, how it is asked, and the credentials that it wants."""

import base64
import os
from collections.abc import Generator
from dataclasses import dataclass, field

import httpx

from kinescribe_server.jobs.errors import MakeError

# Enough for a deck of slides or minutes of sound; what is larger is no answer to anything that is asked here.
MAX_REPLY_BYTES = 64 * 1024 * 1024


class Credentials(httpx.Auth):
    """What proves who is asking. Its `secrets` are taken out of everything that is logged or shown."""

    def __init__(self, header: str, *secrets: str) -> None:
        self._header = header
        self.secrets = tuple(secret for secret in secrets if secret)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


def bearer(variable: str) -> Credentials | None:
    """The credentials of the API key in an environment variable; None without one. Raises MakeError REMOTE_KEY_REFUSED
    for what cannot be a key."""
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise MakeError("REMOTE_KEY_REFUSED", f"{variable} has characters that no key has; expected printable ASCII")
    return Credentials(f"Bearer {key}", key) if key else None


def basic(user: str, password: str) -> Credentials:
    """The credentials of a user and a password."""
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Credentials(f"Basic {pair}", password, pair)


@dataclass(frozen=True, slots=True)
class Provider:
    """A service of somebody else.

    `name` says in logs and messages what it is ("language model", "remote voice"). `base_url` has no slash at its end.
    `timeout_seconds` is the longest that one attempt may take, with everything from connecting to the last byte.
    `concurrency` and `per_minute` (0: no limit) bound the requests of one process. `backoff_seconds` is the wait before
    the second attempt, unless the provider names one; it doubles with each.
    """

    name: str
    base_url: str
    timeout_seconds: float
    concurrency: int = 4
    per_minute: int = 0
    credentials: Credentials | None = field(default=None, repr=False, compare=False)
    backoff_seconds: float = 0.5
    max_reply_bytes: int = MAX_REPLY_BYTES

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.credentials.secrets if self.credentials else ()
