"""How far a job is."""

import pytest

from kinescribe_server.jobs.model import Counts
from kinescribe_server.jobs.progress import percent, seconds_left


def test_it_never_falls_and_ends_at_a_hundred() -> None:
    steps = [
        Counts(),
        Counts(2),
        Counts(2, 1),
        Counts(2, 1, 1),
        Counts(2, 1, 1, 1),
        Counts(2, 2, 2, 2),
        Counts(2, 2, 2, 2, 1),
    ]
    seen = [percent(counts) for counts in steps]
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 100.0)


def test_the_time_left_is_told_once_there_is_something_to_tell_it_from() -> None:
    assert seconds_left(Counts(10), 3.0) is None
    assert seconds_left(Counts(4, 4, 4, 1), 10.0) == pytest.approx(10 * 41 / 59)
    assert seconds_left(Counts(2, 2, 2, 2, 1), 10.0) == 0.0
