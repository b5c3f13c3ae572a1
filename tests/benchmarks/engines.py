"""What the engines themselves cost, and what more workers bring.

Run `python -m tests.benchmarks.engines` in the repository's root, on a quiet machine; `--small` runs a short job of
each, for CI. A step's own cost is that of a job whose results are all in storage: nothing is left but to hand steps
over, to claim them, to look up what they need and to write down what they gave. It is the CPU time of the service, of
its workers and of the state store, which is the broker, too. One worker against three is the same job, made anew.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.benchmarks.figures import Figure, heading, row
from tests.benchmarks.processes import cost_of_tree
from tests.benchmarks.service import WarmService
from tests.benchmarks.texts import WARM_UP, script_of
from tests.integration.fleet import Fleet, fleet

from kinescribe import Client

_CELERY_MS = 6.0


@contextlib.asynccontextmanager
async def _running(engine: str, workers: int) -> AsyncIterator[tuple[Fleet, WarmService]]:
    """A service with its workers, in an empty data folder."""
    with tempfile.TemporaryDirectory(prefix="k") as folder:  # short: a Unix socket's path has at most 107 bytes
        async with fleet(Path(folder), {"ENGINE": engine}) as running:
            service = await running.serve()
            await service.is_up()
            for worker in [await running.work() for _ in range(workers)]:
                await worker.is_up()
            async with Client(running.address) as client:
                yield running, WarmService(client, service.process.pid)


async def step_cost(engine: str, workers: int, scenes: int, rounds: int) -> Figure:
    """CPU milliseconds of a step whose result is in storage."""
    script, values = script_of(scenes), []
    async with _running(engine, workers) as (running, service):
        made = await service.render(script)
        for _ in range(rounds):
            with contextlib.ExitStack() as stack:
                costs = [stack.enter_context(cost_of_tree(one.process.pid)) for one in running.commands]
                again = await service.render(script)
            if again.film_sha256 != made.film_sha256:
                raise RuntimeError("the same script twice did not give the same bytes")
            values.append(1000 * sum(cost.cpu for cost in costs) / (again.cached_steps + again.made_steps))
    limit = _CELERY_MS if engine == "celery" else None
    return Figure(f"{engine}: CPU of a step beside the making of it", values, "ms", at_most=limit)


async def more_workers(scenes: int, rounds: int) -> list[Figure]:
    """The same job on one worker and on three, one after the other."""
    script, walls = script_of(scenes), {1: list[float](), 3: list[float]()}
    for _ in range(rounds):
        for workers, seconds in walls.items():
            async with _running("celery", workers) as (_, service):
                await service.render(WARM_UP)
                seconds.append((await service.render(script)).cost.wall)
    ratios = [one / three for one, three in zip(walls[1], walls[3], strict=True)]
    return [
        *(Figure(f"celery: {scenes} scenes, workers: {workers}", seconds, "s") for workers, seconds in walls.items()),
        Figure("celery: one worker's time for each second of three", ratios, "s"),
    ]


async def measure(*, small: bool) -> list[Figure]:
    scenes, rounds = (3, 1) if small else (100, 5)
    figures = [await step_cost("local", 0, scenes, rounds), await step_cost("celery", 1, scenes, rounds)]
    return figures + ([] if small else await more_workers(18, 3))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--small", action="store_true", help="a short job, for CI; a miss is no failure")
    small = arguments.parse_args().small
    figures = asyncio.run(measure(small=small))
    sys.stdout.write("\n".join([heading(), *map(row, figures)]) + "\n")
    return 1 if not small and any(figure.verdict == "MISSED" for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
