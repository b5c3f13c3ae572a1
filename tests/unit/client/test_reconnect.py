"""Retries come later and later, spread, and to an end."""

import pytest

from kinescribe import Reconnect, Unavailable
from kinescribe.errors import lost
from kinescribe.reconnect import Retries

POLICY = Reconnect(first_delay=1, longest_delay=8, give_up_after=60)


def test_delays_double_up_to_the_longest() -> None:
    assert [POLICY.delay(failures, 1.0) for failures in range(1, 7)] == [1, 2, 4, 8, 8, 8]
    assert POLICY.delay(10_000, 1.0) == 8


def test_chance_spreads_a_delay_over_the_upper_half_of_its_range() -> None:
    assert [POLICY.delay(3, chance) for chance in (0.0, 0.5, 1.0)] == [2, 3, 4]


def test_a_sign_of_life_starts_the_count_anew() -> None:
    now = [0.0]
    retries = Retries(POLICY, clock=lambda: now[0], chance=lambda: 1.0)
    error = lost("STREAM_CUT", "cut")
    assert [retries.delay_after(error), retries.delay_after(error)] == [1, 2]
    now[0] = 59
    retries.alive()
    now[0] = 118
    assert retries.delay_after(error) == 1
    now[0] = 119
    with pytest.raises(Unavailable):
        retries.delay_after(error)


def test_without_a_limit_nothing_is_given_up() -> None:
    now = [0.0]
    retries = Retries(Reconnect(give_up_after=None), clock=lambda: now[0], chance=lambda: 0.0)
    now[0] = 1e9
    assert retries.delay_after(lost("STREAM_CUT", "cut")) == 0.05
