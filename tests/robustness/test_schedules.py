"""Random fault schedules against real processes: every job ends, right, once, whatever is killed in between.

The suite (suite.py) plays hundreds; here are ten on each engine, or as many as KINESCRIBE_SCHEDULES says: with 34, one
of every family. A seed that fails is played again by `python -m tests.robustness.suite --only SEED`.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.robustness.ledger import Entry, lost_in_hand, made_again
from tests.robustness.play import play
from tests.robustness.schedules import CELERY_FAMILIES, LOCAL_FAMILIES, schedule_of
from tests.robustness.suite import reason_to_skip
from tests.robustness.verdict import problems_of_schedule

_SCHEDULES = int(os.environ.get("KINESCRIBE_SCHEDULES", "10"))
# Has no divisor in common with the number of families, so that a few are as different as can be.
_STRIDE = 7


def test_a_seed_gives_the_same_schedule_again() -> None:
    assert [schedule_of(seed, "local") for seed in range(50)] == [schedule_of(seed, "local") for seed in range(50)]


@pytest.mark.parametrize(("engine", "families"), [("local", LOCAL_FAMILIES), ("celery", CELERY_FAMILIES)])
def test_the_schedules_go_round_all_families(engine: str, families: Sequence[tuple[str, object]]) -> None:
    titles = {schedule_of(seed * _STRIDE, engine).title for seed in range(len(families))}
    assert titles == {title for title, _ in families}


def test_work_that_is_done_again_after_its_result_was_stored_is_found() -> None:
    begun, stored = Entry(1.0, "started", "a"), Entry(2.0, "stored", "a")
    assert made_again([begun, stored]) == []
    assert made_again([begun, begun, stored]) == []
    assert lost_in_hand([begun, begun, stored]) == 1
    assert made_again([begun, stored, begun]) == ["a"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("engine", ["local", "celery"])
@pytest.mark.parametrize("seed", range(0, _SCHEDULES * _STRIDE, _STRIDE))
async def test_every_job_ends_right_and_once(seed: int, engine: str, tmp_path: Path) -> None:
    schedule = schedule_of(seed, engine)
    if reason := reason_to_skip(schedule):
        pytest.skip(reason)
    played = await play(schedule, None if schedule.disk else tmp_path / "kept")
    assert problems_of_schedule(played) == [], schedule
