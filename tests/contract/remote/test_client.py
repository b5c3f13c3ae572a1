"""What the client of remote providers does, against a server that speaks HTTP and has every fault."""

import logging
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest
from tests.contract.remote.server import Answer, Asked, RemoteServer, Reply, in_turn

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.circuit import Circuit
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.pace import Pace
from kinescribe_server.remote.provider import Provider, basic, bearer

KEY = "top-secret-0123456789"


@contextmanager
def asking(answer: Answer, **changes: object) -> Iterator[tuple[RemoteClient, RemoteServer]]:
    with RemoteServer(answer) as server:
        provider = Provider("test service", server.url + "/v1", 2.0, credentials=bearer(KEY), backoff_seconds=0.01)
        with RemoteClient(replace(provider, **changes)) as client:  # type: ignore[arg-type]
            yield client, server


def refused(client: RemoteClient, **arguments: object) -> MakeError:
    with pytest.raises(MakeError) as raised:
        client.request("POST", "/things", json={"a": 1}, **arguments)  # type: ignore[arg-type]
    assert not raised.value.retryable
    return raised.value


def test_a_call_carries_its_credentials_and_its_body() -> None:
    with asking(in_turn(Reply({"ok": True}))) as (client, server):
        assert client.request("POST", "/things", json={"a": 1}, headers={"X-More": "1"}).json() == {"ok": True}
    asked = server.asked[0]
    assert (asked.path, asked.json, asked.headers["x-more"]) == ("/v1/things", {"a": 1}, "1")
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_a_user_and_a_password_are_sent_as_basic_authentication() -> None:
    with asking(in_turn(Reply({})), credentials=basic("ada", "pass")) as (client, server):
        client.request("GET", "/things")
    assert server.asked[0].headers["authorization"] == "Basic YWRhOnBhc3M="


def test_without_credentials_nothing_is_claimed() -> None:
    with asking(in_turn(Reply({})), credentials=bearer("")) as (client, server):
        client.request("GET", "/things")
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(MakeError, match="printable ASCII") as raised:
        bearer(key)
    assert key not in raised.value.message


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_three_times(status: int) -> None:
    with asking(in_turn(Reply(status=status), Reply(status=status), Reply({"ok": 1}))) as (client, server):
        assert client.request("POST", "/things").json() == {"ok": 1}
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": {"message": "bad field", "code": "invalid"}}, "REMOTE_REFUSED"),
        (401, {"error": {"message": "Incorrect API key provided"}}, "REMOTE_KEY_REFUSED"),
        (402, {"detail": "no credits"}, "REMOTE_QUOTA_EXHAUSTED"),
        (403, {"error": "forbidden"}, "REMOTE_KEY_REFUSED"),
        (404, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, "REMOTE_NOT_FOUND"),
        (413, "too much", "REMOTE_REFUSED"),
        (422, {"detail": [{"loc": ["body", "n"], "msg": "must be positive"}]}, "REMOTE_REFUSED"),
        (429, {"error": {"message": "no money", "code": "insufficient_quota"}}, "REMOTE_QUOTA_EXHAUSTED"),
    ],
)
def test_what_will_not_pass_is_asked_once_and_the_reason_is_told(status: int, body: object, reason: str) -> None:
    with asking(in_turn(Reply(body, status=status))) as (client, server):
        error = refused(client)
    assert error.reason == reason
    assert len(server.asked) == 1
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "The model `x` does not exist"}}, "The model `x` does not exist"),
        ({"error": "no such model"}, "no such model"),
        ({"detail": [{"loc": ["body", "n"], "msg": "must be positive"}]}, "body.n: must be positive"),
        ({"message": "hm"}, "hm"),
        ("<html><style>p{}</style><h1>Not here</h1></html>", "Not here"),
        (b"\xff\x00plain", "plain"),
        ([1, 2], "[1, 2]"),
        (b"", "Bad Request"),
    ],
)
def test_errors_are_read_in_every_form(body: object, said: str) -> None:
    with asking(in_turn(Reply(body, status=400))) as (client, _):
        assert said in refused(client).message


def test_keys_are_in_no_error_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    words = (
        f"Incorrect API key provided: {KEY}, or sk-proj-abc*****xyz, or Bearer abc.def; see https://u:p@host/ "
        + "x" * 999
    )
    with (
        caplog.at_level(logging.DEBUG),
        asking(in_turn(Reply({"error": {"message": words}}, status=401))) as (client, _),
    ):
        error = refused(client)
    told = error.message + repr(error) + caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (KEY, "abc*", "abc.def", "u:p@"):
        assert secret not in told
    assert len(error.message) < 400
    assert KEY not in repr(Provider("x", "http://x", 1, credentials=bearer(KEY)))


def test_the_wait_that_a_provider_asks_for_is_kept() -> None:
    for headers in ({"Retry-After": "0.4"}, {"retry-after-ms": "400"}):
        with asking(in_turn(Reply(status=429, headers=headers), Reply({}))) as (client, _):
            started = time.monotonic()
            client.request("GET", "/things")
            assert time.monotonic() - started >= 0.4


def test_a_wait_may_be_a_date() -> None:
    soon = formatdate(time.time() + 2, usegmt=True)  # in whole seconds, so a wait of one to two
    with asking(in_turn(Reply(status=503, headers={"Retry-After": soon}), Reply({}))) as (client, _):
        started = time.monotonic()
        client.request("GET", "/things")
        assert 0.5 < time.monotonic() - started < 3


@pytest.mark.parametrize("header", ["3600", "Wed, 21 Oct 2125 07:28:00 GMT"])
def test_a_wait_that_is_too_long_is_not_waited_for(header: str) -> None:
    with asking(in_turn(Reply(status=429, headers={"Retry-After": header}))) as (client, server):
        assert refused(client).reason == "REMOTE_RATE_LIMITED"
    assert len(server.asked) == 1


def test_a_wait_that_nobody_understands_is_no_wait() -> None:
    with asking(in_turn(Reply(status=503, headers={"Retry-After": "soon"}), Reply({}))) as (client, _):
        client.request("GET", "/things")


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    with RemoteServer(in_turn(Reply())) as server:
        url = server.url
    with RemoteClient(Provider("test service", url, 1.0, backoff_seconds=0.01)) as client:
        error = refused(client)
    assert error.reason == "REMOTE_UNAVAILABLE"
    assert error.message.startswith("test service cannot be reached")


@pytest.mark.parametrize("drop", [0, 5])
def test_a_connection_that_breaks_is_made_again(drop: int) -> None:
    with asking(in_turn(Reply("whole answer", drop=drop), Reply("whole answer"))) as (client, server):
        assert client.request("GET", "/things").text == "whole answer"
        assert len(server.asked) == 2


@pytest.mark.parametrize("reply", [Reply("late", delay=0.8), Reply("x" * 40, pieces=40, pause=0.05)])
def test_an_answer_that_comes_late_or_never_ends_is_not_waited_for(reply: Reply) -> None:
    with asking(in_turn(reply), timeout_seconds=0.2) as (client, server):
        started = time.monotonic()
        assert refused(client).reason == "REMOTE_TIMEOUT"
        assert time.monotonic() - started < 2
    assert len(server.asked) == 3


def test_a_call_has_a_time_for_all_of_its_attempts() -> None:
    with asking(in_turn(Reply("late", delay=1)), timeout_seconds=5) as (client, server):
        started = time.monotonic()
        assert refused(client, within=0.3).reason == "REMOTE_TIMEOUT"
        assert time.monotonic() - started < 1
    assert len(server.asked) == 1


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(status=504), Reply("x", delay=0.4), Reply(drop=0)])
def test_what_must_not_happen_twice_is_not_sent_again(reply: Reply) -> None:
    with asking(in_turn(reply), timeout_seconds=0.2) as (client, server):
        refused(client, idempotent=False)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_what_was_not_taken_may_be_sent_again(status: int) -> None:
    with asking(in_turn(Reply(status=status), Reply({}))) as (client, server):
        client.request("POST", "/things", idempotent=False)
        assert len(server.asked) == 2


def test_redirects_are_followed_on_the_same_host_only() -> None:
    def answer(asked: Asked) -> Reply:
        places = {"/v1/near": "/v1/end", "/v1/far": "https://example.invalid/x", "/v1/round": "/v1/round"}
        target = places.get(asked.path)
        return Reply("here") if target is None else Reply(status=307, headers={"Location": target})

    with asking(answer) as (client, server):
        assert client.request("POST", "/near", json={"a": 1}).text == "here"
        assert server.asked[-1].json == {"a": 1}
        for path in ("/far", "/round"):
            with pytest.raises(MakeError):
                client.request("GET", path)
        assert "authorization" in server.asked[-1].headers


def test_a_whole_address_must_be_the_providers_own() -> None:
    with asking(in_turn(Reply("file"))) as (client, server):
        assert client.request("GET", f"{server.url}/files/1").text == "file"
        with pytest.raises(MakeError, match="another host") as raised:
            client.request("GET", "http://example.invalid/files/1")
        assert raised.value.reason == "REMOTE_REFUSED"


def test_a_reply_has_a_limit_of_size() -> None:
    with asking(in_turn(Reply(b"x" * 10_001)), max_reply_bytes=10_000) as (client, server):
        assert refused(client).reason == "REMOTE_BAD_REPLY"
    assert len(server.asked) == 1


def test_a_reply_that_cannot_be_decoded_is_an_error_and_no_crash() -> None:
    with asking(in_turn(Reply(b"not zipped", headers={"Content-Encoding": "gzip"}))) as (client, _):
        assert refused(client).reason == "REMOTE_BAD_REPLY"


def test_after_repeated_failures_the_provider_is_left_alone() -> None:
    with asking(in_turn(Reply(status=500))) as (client, server):
        assert refused(client).reason == refused(client).reason == "REMOTE_UNAVAILABLE"
        assert refused(client).reason == "REMOTE_CIRCUIT_OPEN"
        assert len(server.asked) == 6


def test_refusals_say_nothing_of_a_providers_health() -> None:
    with asking(in_turn(Reply(status=401))) as (client, _):
        assert {refused(client).reason for _ in range(8)} == {"REMOTE_KEY_REFUSED"}


def test_an_open_circuit_lets_one_call_try_when_its_time_is_over() -> None:
    circuit = Circuit(failures=2, open_seconds=0.05)
    circuit.failed()
    circuit.failed()
    assert not circuit.admits()
    threading.Event().wait(0.06)
    assert [circuit.admits(), circuit.admits()] == [True, False]
    circuit.failed()
    assert not circuit.admits()
    threading.Event().wait(0.06)
    assert circuit.admits()
    circuit.succeeded()
    assert [circuit.admits(), circuit.admits()] == [True, True]


def test_no_more_calls_are_in_hand_than_the_provider_takes() -> None:
    with asking(in_turn(Reply({}, delay=0.05)), concurrency=2) as (client, server):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: client.request("GET", "/things"), range(8)))
        assert server.busiest == 2


def test_no_more_calls_are_begun_in_a_minute_than_the_provider_takes() -> None:
    pace = Pace(concurrency=4, per_minute=2, minute=0.2)
    started = time.monotonic()
    for _ in range(6):
        with pace.call(within=5):
            pass
    assert time.monotonic() - started >= 0.4
    with pytest.raises(TimeoutError), pace.call(within=0.01):
        pass


def test_a_call_that_would_come_too_late_is_not_made() -> None:
    with asking(in_turn(Reply({})), per_minute=1) as (client, server):
        client.request("GET", "/things")
        assert refused(client, within=0.2).reason == "REMOTE_RATE_LIMITED"
    assert len(server.asked) == 1


def test_every_attempt_has_a_line_in_the_log_with_its_units(caplog: pytest.LogCaptureFixture) -> None:
    def units(response: httpx.Response) -> dict[str, float]:
        return {"tokens_out": response.json()["n"]}

    with (
        caplog.at_level(logging.INFO, logger="kinescribe_server.remote"),
        asking(in_turn(Reply(status=503), Reply({"n": 7}))) as (client, _),
    ):
        client.request("POST", "/secret-words", json={"user": "words"}, units=units)
    first, second = (record.__dict__ for record in caplog.records if record.message == "remote call")
    assert (first["provider"], first["attempt"], first["status"], first["reason"]) == (
        "test service", 1, 503, "REMOTE_UNAVAILABLE",
    )  # fmt: skip
    assert (second["attempt"], second["status"], second["tokens_out"]) == (2, 200, 7)
    assert second["seconds"] >= 0
    assert "secret-words" not in caplog.text


def test_an_error_crosses_into_another_process() -> None:
    with asking(in_turn(Reply({"error": "no"}, status=400))) as (client, _):
        error = refused(client)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
    assert (type(again), again.reason, again.message) == (MakeError, error.reason, error.message)
