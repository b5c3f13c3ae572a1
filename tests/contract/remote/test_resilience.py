"""When a call is made again, when it is not made at all, and how many are made at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest
from tests.contract.remote.client_calls import asking, refused
from tests.contract.remote.server import Reply, in_turn

from kinescribe_server.remote.circuit import Circuit
from kinescribe_server.remote.pace import Pace


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
def test_what_may_pass_is_tried_three_times(status: int) -> None:
    with asking(in_turn(Reply(status=status), Reply(status=status), Reply({"ok": 1}))) as (client, server):
        assert client.request("POST", "/things").json() == {"ok": 1}
        assert len(server.asked) == 3


def test_the_wait_that_a_provider_asks_for_is_kept() -> None:
    for headers in ({"Retry-After": "0.4"}, {"retry-after-ms": "400"}):
        with asking(in_turn(Reply(status=429, headers=headers), Reply({}))) as (client, _):
            started = time.monotonic()
            client.request("GET", "/things")
            assert time.monotonic() - started >= 0.4


def test_a_wait_may_be_a_date() -> None:
    soon = int(time.time()) + 2  # dates have whole seconds
    date = formatdate(soon, usegmt=True)
    with asking(in_turn(Reply(status=503, headers={"Retry-After": date}), Reply({}))) as (client, _):
        client.request("GET", "/things")
        assert time.time() > soon - 0.1


@pytest.mark.parametrize("header", ["3600", "99999999999", "9" * 400, "Wed, 21 Oct 2125 07:28:00 GMT"])
def test_a_wait_that_is_too_long_is_not_waited_for(header: str) -> None:
    with asking(in_turn(Reply(status=429, headers={"Retry-After": header}))) as (client, server):
        assert refused(client).reason == "REMOTE_RATE_LIMITED"
    assert len(server.asked) == 1


def test_a_wait_that_nobody_understands_is_no_wait() -> None:
    with asking(in_turn(Reply(status=503, headers={"Retry-After": "soon"}), Reply({}))) as (client, _):
        client.request("GET", "/things")


@pytest.mark.parametrize("drop", [0, 5])
def test_a_connection_that_breaks_is_made_again(drop: int) -> None:
    with asking(in_turn(Reply("whole answer", drop=drop), Reply("whole answer"))) as (client, server):
        assert client.request("GET", "/things").text == "whole answer"
        assert len(server.asked) == 2


@pytest.mark.parametrize("reply", [Reply("late", delay=20), Reply("x" * 40, pieces=40, pause=0.1)])
def test_an_answer_that_comes_late_or_never_ends_is_not_waited_for(reply: Reply) -> None:
    with asking(in_turn(reply), timeout_seconds=0.2) as (client, server):
        started = time.monotonic()
        assert refused(client).reason == "REMOTE_TIMEOUT"
        assert time.monotonic() - started < 10  # of 12 and 60
    assert len(server.asked) == 3


def test_a_call_has_a_time_for_all_of_its_attempts() -> None:
    with asking(in_turn(Reply("late", delay=20)), timeout_seconds=20) as (client, server):
        started = time.monotonic()
        assert refused(client, within=0.3).reason == "REMOTE_TIMEOUT"
        assert time.monotonic() - started < 10
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
    circuit.left()
    assert not circuit.admits()
    threading.Event().wait(0.06)
    assert circuit.admits()
    circuit.succeeded()
    circuit.left()
    assert [circuit.admits(), circuit.admits()] == [True, True]


def test_calls_of_other_threads_that_end_late_let_no_second_one_try() -> None:
    circuit = Circuit(failures=2, open_seconds=0)
    circuit.failed()
    circuit.failed()
    assert circuit.admits()
    with ThreadPoolExecutor(1) as other:
        for end in (circuit.failed, circuit.left):
            other.submit(end).result()
            assert not other.submit(circuit.admits).result()
    circuit.left()
    assert circuit.admits()


def test_a_call_that_was_given_too_little_time_says_nothing_of_a_providers_health() -> None:
    with asking(in_turn(Reply({}, delay=0.3)), timeout_seconds=5) as (client, _):
        assert {refused(client, within=0.05).reason for _ in range(6)} == {"REMOTE_TIMEOUT"}
        assert client.request("GET", "/things").json() == {}


def test_what_is_left_of_the_time_is_not_spent_on_waiting_for_an_attempt_that_comes_too_late() -> None:
    busy = Reply({"error": "overloaded"}, status=500)
    with asking(in_turn(busy), backoff_seconds=30.0) as (client, server):
        error = refused(client, within=5)
    assert (error.reason, "overloaded" in error.message, len(server.asked)) == ("REMOTE_UNAVAILABLE", True, 1)


def test_a_server_that_closes_an_old_connection_is_asked_on_a_new_one() -> None:
    with asking(in_turn(Reply({"ok": 1}))) as (client, server):
        server.one_request_each = True
        for _ in range(3):
            assert client.request("POST", "/things", idempotent=False).json() == {"ok": 1}


def test_a_rate_limit_that_names_the_page_for_payments_is_waited_for() -> None:
    message = "Rate limit reached. Please try again in 20s, or see https://platform.example.com/account/billing."
    limited = Reply({"error": {"message": message, "code": "rate_limit_exceeded"}}, status=429)
    with asking(in_turn(limited, Reply({}))) as (client, _):
        client.request("GET", "/things")


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
