"""The local engine: steps run on this machine, as many at a time as its orchestrator hands over."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kinescribe_server.jobs.model import Resource, StepRef
from kinescribe_server.jobs.steps import StepRunner
from kinescribe_server.tasks import end_tasks


@dataclass(frozen=True, slots=True)
class LocalWorkforce:
    """Implements Workforce for the workers of this process."""

    workers: Mapping[Resource, int]

    async def slots(self) -> Mapping[Resource, int]:
        return self.workers


class LocalEngine:
    """Implements StepEngine."""

    def __init__(self, runner: StepRunner) -> None:
        self._runner = runner
        self._tasks: dict[StepRef, asyncio.Task[None]] = {}

    async def submit(self, steps: Sequence[StepRef]) -> None:
        for ref in steps:
            if ref not in self._tasks:
                task = self._tasks[ref] = asyncio.create_task(self._runner.run(ref))
                task.add_done_callback(lambda _, ref=ref: self._tasks.pop(ref, None))  # type: ignore[misc]

    async def aclose(self, *, drain_seconds: float) -> None:
        """Waits for the steps in hand, then hands back those that are not done."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=drain_seconds)
        await end_tasks(self._tasks.values())
