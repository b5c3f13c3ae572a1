"""Whose step comes next."""

from kinescribe_server.jobs.fair_queue import FairQueue
from kinescribe_server.jobs.model import Step, StepKind


def _steps(*segments: int) -> list[Step]:
    return [Step(StepKind.SPEECH, segment) for segment in segments]


def _taken(queue: FairQueue) -> list[tuple[str, int | None]]:
    taken = []
    while (ref := queue.take()) is not None:
        taken.append((ref.job_id, ref.step.segment))
    return taken


def test_an_empty_queue_has_nothing() -> None:
    assert FairQueue().take() is None


def test_a_job_comes_in_its_own_order() -> None:
    queue = FairQueue()
    queue.offer("local", "a", _steps(0, 1, 2))
    assert _taken(queue) == [("a", 0), ("a", 1), ("a", 2)]


def test_a_long_job_does_not_hold_up_a_short_one() -> None:
    queue = FairQueue()
    queue.offer("local", "long", _steps(*range(500)))
    queue.offer("local", "short", _steps(0))
    assert ("short", 0) in _taken(queue)[:2]


def test_owners_take_turns_whatever_the_number_of_their_jobs() -> None:
    queue = FairQueue()
    for job in ("a", "b", "c"):
        queue.offer("many", job, _steps(0, 1))
    queue.offer("one", "x", _steps(0, 1))
    assert [job == "x" for job, _ in _taken(queue)][:4] == [False, True, False, True]


def test_what_is_offered_replaces_what_waited() -> None:
    queue = FairQueue()
    queue.offer("local", "a", _steps(0, 1))
    queue.offer("local", "a", _steps(1))
    assert _taken(queue) == [("a", 1)]
    queue.offer("local", "a", _steps(2))
    queue.offer("local", "a", [])
    assert queue.take() is None
