"""The client of providers: every call has limits, three attempts and one log line for each, and ends in a reply or in a
MakeError that names the provider's reason."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

import httpx
import tenacity

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.addresses import is_loopback
from kinescribe_server.remote.circuit import circuit_of
from kinescribe_server.remote.pace import pace_of
from kinescribe_server.remote.provider import Provider
from kinescribe_server.remote.replies import RemoteError, read_refusal

_LOG = logging.getLogger(__name__)

ATTEMPTS = 3
_CONNECT_SECONDS = 10.0
_LONGEST_BACKOFF_SECONDS = 20.0
# A provider that asks for a longer wait is not waited for.
_LONGEST_RETRY_AFTER_SECONDS = 60.0
_MOST_REDIRECTS = 3
# These take the method and the body along (RFC 9110, 15.4).
_REPEATING_REDIRECTS = frozenset({307, 308})
# Headers of what is over when the content is there.
_OF_THE_TRANSFER = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
# What says that the request was not acted upon, so that even one that must not be repeated may be sent again.
_NOT_TAKEN = frozenset({425, 429, 503})

Units = Mapping[str, float] | Callable[[httpx.Response], Mapping[str, float]]


class _FailedAttemptError(Exception):
    """An attempt failed. `ill` says whether that is a sign of the provider's health, `wait` what it asks for."""

    def __init__(self, error: RemoteError, *, retryable: bool, ill: bool, wait: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.retryable = retryable
        self.ill = ill
        self.wait = wait


@dataclass(frozen=True, slots=True)
class _Call:
    """A request, and the moment by which all its attempts are over."""

    method: str
    url: str
    arguments: Mapping[str, Any]
    idempotent: bool
    units: Units | None
    deadline: float


class RemoteClient:
    """Calls one provider. A context manager; safe to use from several threads.

    Proxies are taken from the environment as is usual (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY); a provider on
    this machine is asked directly, whatever they say.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._circuit = circuit_of(provider.name, provider.base_url)
        self._pace = pace_of(provider.name, provider.base_url, provider.concurrency, provider.per_minute)
        self._http = _http_client(provider)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = True,
        units: Units | None = None,
        within: float | None = None,
    ) -> httpx.Response:
        """A reply with a status below 300.

        `path` is put behind the provider's base URL; a whole URL must be on the provider's own host. A call that is not
        `idempotent` is sent again only where it surely was not acted upon. `units` go into the log: what the call
        takes ({"characters": 300}), or a function that reads it from the reply. `within` limits the whole call with
        all its attempts and waits, in seconds.

        Raises RemoteError (a MakeError) with reason REMOTE_UNAVAILABLE, REMOTE_TIMEOUT, REMOTE_RATE_LIMITED,
        REMOTE_QUOTA_EXHAUSTED, REMOTE_KEY_REFUSED, REMOTE_NOT_FOUND, REMOTE_REFUSED, REMOTE_BAD_REPLY or
        REMOTE_CIRCUIT_OPEN. None is worth another attempt: they were made here.
        """
        provider = self.provider
        url = self._own(path if urlsplit(path).scheme else provider.base_url + path)
        if not self._circuit.admits():
            raise RemoteError("REMOTE_CIRCUIT_OPEN", f"{provider.name} failed repeatedly and is left alone for a while")
        arguments = {"json": json, "content": content, "files": files, "headers": headers}
        given = {name: value for name, value in arguments.items() if value is not None}
        whole = within if within is not None else ATTEMPTS * (provider.timeout_seconds + _LONGEST_RETRY_AFTER_SECONDS)
        call = _Call(method, url, given, idempotent, units, time.monotonic() + whole)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_before_delay(whole),
            retry=tenacity.retry_if_exception(_is_worth_repeating),
            wait=_Waits(provider.backoff_seconds),
            reraise=True,
        )
        try:
            for state in retrying:
                with state:
                    return self._attempt(call, state.retry_state.attempt_number)
        except _FailedAttemptError as failed:
            raise failed.error from None
        finally:
            self._circuit.left()
        raise AssertionError("every attempt ends in a reply or an error")

    def _own(self, url: str) -> str:
        """The URL, if it is on the provider's own host: credentials go nowhere else."""
        if _origin(url) != _origin(self.provider.base_url):
            raise RemoteError(
                "REMOTE_REFUSED", f"{self.provider.name} points to another host, {_origin(url)}; only its own is asked"
            )
        return url

    def _attempt(self, call: _Call, number: int) -> httpx.Response:
        """One attempt, logged. Raises _FailedAttemptError."""
        provider = self.provider
        line: dict[str, Any] = {"provider": provider.name, "method": call.method, "attempt": number}
        started = time.monotonic()
        try:
            with self._pace.call(call.deadline - started):
                started = time.monotonic()
                response = self._answer(call, min(call.deadline, started + self.provider.timeout_seconds))
            line["status"] = response.status_code
            line |= call.units(response) if callable(call.units) else call.units or {}
        except (TimeoutError, httpx.HTTPError, _FailedAttemptError) as error:
            failed = _failure_of(error, self.provider.name, call.idempotent)
            if failed.error.status:
                line["status"] = failed.error.status
            line["reason"] = failed.error.reason
            hurried = isinstance(error, httpx.TimeoutException) and call.deadline < started + provider.timeout_seconds
            if failed.ill and not hurried:
                self._circuit.failed()
            elif failed.error.status:
                self._circuit.succeeded()
            raise failed from None
        finally:
            line["seconds"] = round(time.monotonic() - started, 3)
            _LOG.info("remote call", extra=line)
        self._circuit.succeeded()
        return response

    def _answer(self, call: _Call, deadline: float) -> httpx.Response:
        """The reply of success. Raises _FailedAttemptError and httpx.HTTPError."""
        response = self._exchange(call.method, call.url, call.arguments, deadline)
        if not response.is_error:
            return response
        refusal = read_refusal(self.provider.name, response, self.provider.secrets)
        again = refusal.retryable and (call.idempotent or response.status_code in _NOT_TAKEN)
        ill = response.status_code >= 500
        raise _FailedAttemptError(refusal.error, retryable=again, ill=ill, wait=refusal.wait)

    def _exchange(self, method: str, url: str, arguments: Mapping[str, Any], deadline: float) -> httpx.Response:
        """A request and its reply, with redirects on the provider's own host."""
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._send(method, url, arguments, deadline)
            target = response.headers.get("location", "")
            if not (response.is_redirect and target):
                break
            url = self._redirected(url, target)
            if response.status_code not in _REPEATING_REDIRECTS and method != "HEAD":
                method, arguments = "GET", {"headers": arguments.get("headers")}
        if response.status_code >= 300 and not response.is_error:
            raise self._bad(f"answered {response.status_code} and no content")
        return response

    def _redirected(self, url: str, target: str) -> str:
        try:
            return self._own(str(httpx.URL(url).join(target)))
        except RemoteError as error:
            raise _FailedAttemptError(error, retryable=False, ill=False) from None
        except (ValueError, httpx.InvalidURL):
            raise self._bad("redirects to what is no address") from None

    def _send(self, method: str, url: str, arguments: Mapping[str, Any], deadline: float) -> httpx.Response:
        left = max(0.05, deadline - time.monotonic())
        timeout = httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS))
        with self._http.stream(method, url, timeout=timeout, **arguments) as response:
            pieces: list[bytes] = []
            size = 0
            for piece in response.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > self.provider.max_reply_bytes:
                    raise self._bad(f"sent more than {self.provider.max_reply_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the reply goes on for too long")
            told = [(name, value) for name, value in response.headers.raw if name.lower() not in _OF_THE_TRANSFER]
            return httpx.Response(
                response.status_code, headers=told, content=b"".join(pieces), request=response.request
            )

    def _bad(self, what: str) -> _FailedAttemptError:
        error = RemoteError("REMOTE_BAD_REPLY", f"{self.provider.name} {what}")
        return _FailedAttemptError(error, retryable=False, ill=False)


def _http_client(provider: Provider) -> httpx.Client:
    try:
        return httpx.Client(
            auth=provider.credentials,
            headers={"User-Agent": "kinescribe"},
            # The environment's certificates are taken for all, its proxies not on this machine.
            verify=httpx.create_ssl_context(),
            trust_env=not is_loopback(provider.base_url),
            # A connection is used once: on an old one that the server is closing at that moment, nobody can tell
            # whether a request was taken.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
    except (ImportError, ValueError) as error:  # its words may hold a proxy's password
        message = (
            f"{provider.name} cannot be asked: the proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not understood; "
            "expected http://HOST:PORT"
        )
        raise MakeError("SETTING_INVALID", message) from error


class _Waits(tenacity.wait.wait_base):
    """What the provider asks for, else exponential backoff with jitter."""

    def __init__(self, first: float) -> None:
        self._backoff = tenacity.wait_exponential_jitter(multiplier=first, max=_LONGEST_BACKOFF_SECONDS, jitter=first)

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        failed = cast("_FailedAttemptError", retry_state.outcome and retry_state.outcome.exception())
        return max(failed.wait or 0.0, self._backoff(retry_state))


def _is_worth_repeating(error: BaseException) -> bool:
    if not isinstance(error, _FailedAttemptError) or not error.retryable:
        return False
    return (error.wait or 0.0) <= _LONGEST_RETRY_AFTER_SECONDS


def _failure_of(error: Exception, name: str, idempotent: bool) -> _FailedAttemptError:
    """What an error means. A connection that never was has delivered nothing."""
    match error:
        case _FailedAttemptError():
            return error
        case httpx.TimeoutException():
            remote = RemoteError("REMOTE_TIMEOUT", f"{name} did not answer in time")
        case httpx.DecodingError():
            remote = RemoteError("REMOTE_BAD_REPLY", f"{name} sent bytes that cannot be decoded")
        case httpx.ConnectError():
            remote = RemoteError("REMOTE_UNAVAILABLE", f"{name} cannot be reached: {_cause(error)}")
        case httpx.HTTPError():
            remote = RemoteError("REMOTE_UNAVAILABLE", f"{name} broke the connection off: {_cause(error)}")
        case _:
            remote = RemoteError("REMOTE_RATE_LIMITED", f"{name} has more to do than it may in the time that is left")
            return _FailedAttemptError(remote, retryable=False, ill=False)
    unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return _FailedAttemptError(remote, retryable=idempotent or unsent, ill=True)


def _cause(error: httpx.HTTPError) -> str:
    """The kind of failure; the words of an error below HTTP may hold anything."""
    words = str(error)
    known = ("refused", "Name or service not known", "No address", "name resolution", "certificate", "SSL", "reset")
    return next((f"{type(error).__name__} ({word})" for word in known if word in words), type(error).__name__)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{parts.hostname or ''}:{port}"
