"""Whose step comes next: owners take turns, an owner's jobs take turns, and a job's steps come in their order."""

from collections import OrderedDict
from collections.abc import Sequence

from kinescribe_server.jobs.model import Step, StepRef


class FairQueue:
    """The steps that wait for one resource. Bounded by its callers, who offer only the first few steps of each job."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, OrderedDict[str, list[Step]]] = OrderedDict()

    def offer(self, owner: str, job_id: str, steps: Sequence[Step]) -> None:
        """Replaces what waits for a job."""
        jobs = self._owners.setdefault(owner, OrderedDict())
        if steps:
            jobs[job_id] = list(steps)
        else:
            jobs.pop(job_id, None)
        if not jobs:
            del self._owners[owner]

    def take(self) -> StepRef | None:
        """The next step, or None. Its job, and its job's owner, go to the end of their lines."""
        if not self._owners:
            return None
        owner, jobs = self._owners.popitem(last=False)
        job_id, steps = jobs.popitem(last=False)
        step = steps.pop(0)
        if steps:
            jobs[job_id] = steps
        if jobs:
            self._owners[owner] = jobs
        return StepRef(job_id, step)
