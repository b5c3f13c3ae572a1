"""Random fault schedules against real processes.

`python -m tests.robustness.suite --engine local --seeds 200 [--first 1] [--minutes 55] [--json out.json]` plays many
and prints a table; `--only SEED` plays one again, and `--keep FOLDER` keeps its data and logs.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.robustness.figures import Outcome, as_json, outcome_of, table
from tests.robustness.limits import can_limit_memory, can_mount
from tests.robustness.play import play
from tests.robustness.schedules import Schedule, schedule_of


def reason_to_skip(schedule: Schedule) -> str:
    """Why a schedule cannot be played on this machine; "" if it can."""
    if schedule.disk and not can_mount():
        return "mounting a small disk needs root"
    if schedule.memory and not can_limit_memory():
        return "limiting memory needs root and the memory controller of cgroup v1"
    return ""


async def play_all(
    schedules: Sequence[Schedule], at_once: int, until: float, keep: Path | None = None
) -> AsyncIterator[Outcome]:
    """Plays schedules, so many at a time, and begins none after `until` (time.monotonic)."""
    waiting = list(reversed(schedules))
    playing: set[asyncio.Task[Outcome]] = set()
    while waiting or playing:
        while waiting and len(playing) < at_once:
            schedule = waiting.pop()
            if time.monotonic() < until:
                playing.add(asyncio.create_task(_outcome(schedule, keep / str(schedule.seed) if keep else None)))
        if not playing:
            return
        try:
            done, playing = await asyncio.wait(playing, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            for task in playing:
                task.cancel()
            await asyncio.gather(*playing, return_exceptions=True)
            raise
        for task in done:
            yield task.result()


async def _outcome(schedule: Schedule, keep: Path | None) -> Outcome:
    try:
        return outcome_of(await play(schedule, keep))
    except Exception as error:  # one schedule that cannot be played must not hide what the others show
        traceback.print_exception(error)
        problem = f"it could not be played: {error!r}"
        return Outcome(schedule.seed, schedule.title, 0.0, [problem], {}, [], len(schedule.jobs), 0)


async def _main(options: argparse.Namespace) -> int:
    seeds = [options.only] if options.only is not None else range(options.first, options.first + options.seeds)
    schedules = []
    for schedule in (schedule_of(seed, options.engine) for seed in seeds):
        if reason := reason_to_skip(schedule):
            _say(f"seed {schedule.seed:>4}  {schedule.title:<22} skipped: {reason}")
        else:
            schedules.append(schedule)
    if options.only is not None:
        _say(str(schedules))
    outcomes = []
    until = time.monotonic() + options.minutes * 60
    async for outcome in play_all(schedules, options.at_once, until, options.keep):
        outcomes.append(outcome)
        _say(f"seed {outcome.seed:>4}  {outcome.title:<22} {outcome.seconds:6.1f} s  {', '.join(outcome.faults)}")
        for problem in outcome.problems:
            _say(f"           WRONG: {problem}")
        if options.json:
            options.json.write_text(as_json(outcomes))
    _say(table(outcomes))
    return 1 if any(outcome.problems for outcome in outcomes) else 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a program that prints


def main() -> int:
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.suite")
    parser.add_argument("--engine", choices=["local", "celery"], default="local")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", type=int)
    parser.add_argument("--minutes", type=float, default=55.0)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keep", type=Path)
    return asyncio.run(_until_stopped(parser.parse_args()))


async def _until_stopped(options: argparse.Namespace) -> int:
    """A signal ends what is being played, with every process of it."""
    playing = asyncio.create_task(_main(options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    return await playing


if __name__ == "__main__":
    sys.exit(main())
