"""What many schedules say together: a table of faults, and the times that are promised."""

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from tests.robustness.ledger import child_recoveries, lost_in_hand
from tests.robustness.play import Played
from tests.robustness.verdict import problems_of_schedule


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one schedule showed; times in seconds. `recoveries` are by fault: from its end until the next event
    was written."""

    seed: int
    title: str
    seconds: float
    problems: list[str]
    recoveries: Mapping[str, list[float]]
    faults: list[str]
    jobs: int
    streams: int
    cancelled_in: list[float] = field(default_factory=list)
    child_restarts: list[float] = field(default_factory=list)
    done_twice: int = 0
    lost_processes: int = 0


def outcome_of(played: Played) -> Outcome:
    recoveries: dict[str, list[float]] = defaultdict(list)
    for kind, _, mended in played.disturbed:
        if after := [at for at in played.event_times if at > mended]:
            recoveries[kind].append(min(after) - mended)
    killed = [since for kind, since, _ in played.disturbed if kind == "kill_child"]
    return Outcome(
        seed=played.schedule.seed,
        title=played.schedule.title,
        seconds=played.seconds,
        problems=problems_of_schedule(played),
        recoveries=dict(recoveries),
        faults=[kind for kind, _, _ in played.disturbed],
        jobs=len(played.jobs),
        streams=sum(len(watched.histories) for job in played.jobs for watched in job.watched),
        cancelled_in=[job.cancelled_in for job in played.jobs if job.cancelled_in is not None],
        child_restarts=child_recoveries(played.ledger, killed),
        done_twice=lost_in_hand(played.ledger),
        lost_processes=sum("kill" in kind or "stop" in kind for kind, _, _ in played.disturbed),
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """Faults, how often each was done, the schedules with it that went wrong, and how long until the next event."""
    lines = [f"{'fault':<24}{'done':>6}{'wrong':>7}{'recovery, median s':>20}{'worst s':>9}"]
    for kind in sorted({kind for outcome in outcomes for kind in outcome.faults}):
        mine = [outcome for outcome in outcomes if kind in outcome.faults]
        times = [seconds for outcome in mine for seconds in outcome.recoveries.get(kind, [])]
        done = sum(outcome.faults.count(kind) for outcome in mine)
        wrong = sum(bool(outcome.problems) for outcome in mine)
        lines.append(f"{kind:<24}{done:>6}{wrong:>7}{_spread(times):>29}")
    return "\n".join([*lines, "", *_sums(outcomes)])


def _sums(outcomes: Sequence[Outcome]) -> Iterable[str]:
    problems = sum(bool(outcome.problems) for outcome in outcomes)
    jobs, streams = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("jobs", "streams"))
    yield f"{len(outcomes)} schedules, {jobs} jobs, {streams} streams: {problems} schedules went wrong"
    for label, name in (
        ("CancelJob to JobFinished", "cancelled_in"),
        ("worker child killed to its step begun again", "child_restarts"),
    ):
        times = [seconds for outcome in outcomes for seconds in getattr(outcome, name)]
        yield f"{label}: {len(times)} times, median and worst {_spread(times).strip()}"
    twice, lost = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("done_twice", "lost_processes"))
    yield f"calls of makers lost with their process and done again: {twice}, for {lost} processes killed or stopped"


def _spread(times: Sequence[float]) -> str:
    return f"{statistics.median(times):>20.2f}{max(times):>9.2f}" if times else f"{'-':>20}{'-':>9}"


def as_json(outcomes: Sequence[Outcome]) -> str:
    return json.dumps([asdict(outcome) for outcome in outcomes], indent=1)
