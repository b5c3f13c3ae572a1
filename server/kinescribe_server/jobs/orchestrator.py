"""The orchestrator: for each active job it hands over what comes next, as far as there are workers for it.

It keeps nothing that matters. Which steps wait is in the store; the orchestrator reads it whenever the job's log grows,
and every few seconds besides, for leases that ran out and for steps that an engine lost.
"""

import asyncio
import logging
import math
import time
from collections import Counter

from kinescribe_server.engine.protocol import StepEngine, Workforce
from kinescribe_server.jobs.errors import (
    JobNotFoundError,
    LogForkedError,
    ServerDrainingError,
    StateStoreUnavailableError,
)
from kinescribe_server.jobs.fair_queue import FairQueue
from kinescribe_server.jobs.model import LOCAL_OWNER, JobRecord, Resource, StepRef
from kinescribe_server.jobs.steps import LeaseTimes
from kinescribe_server.logs import add_log_facts, set_log_facts
from kinescribe_server.store.protocol import JobLog, JobLogs, JobStore
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

_RECONCILE_SECONDS = 5.0
# So that a worker never waits for the next step, and a long job never holds more than that.
_STEPS_PER_WORKER = 2
# A job that was reserved but never written is dropped after this time; a client repeats within it.
_STALE_RESERVATION_SECONDS = 120.0


class Orchestrator:
    """Tends jobs until they have finished."""

    def __init__(
        self, store: JobStore, logs: JobLogs, engine: StepEngine, workforce: Workforce, times: LeaseTimes
    ) -> None:
        self._store = store
        self._logs = logs
        self._engine = engine
        self._workforce = workforce
        self._capacity = dict.fromkeys(Resource, _STEPS_PER_WORKER)
        self._times = times
        self._queues = {resource: FairQueue() for resource in Resource}
        self._handed_over: dict[StepRef, float] = {}
        self._tended: dict[str, asyncio.Task[None]] = {}
        self._unwritten: dict[str, float] = {}
        self._reconciler: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._count_workers()
        self._reconciler = asyncio.create_task(self._reconcile_for_ever())

    async def aclose(self) -> None:
        tasks = [task for task in (self._reconciler, *self._tended.values()) if task is not None]
        await end_tasks(tasks)

    def tend(self, job_id: str) -> None:
        """Looks after a job until it has finished."""
        if job_id not in self._tended:
            task = self._tended[job_id] = asyncio.create_task(self._tend(job_id))
            task.add_done_callback(lambda _: self._tended.pop(job_id, None))

    async def _tend(self, job_id: str) -> None:
        set_log_facts({"job_id": job_id})
        try:
            async with self._logs.follow(job_id) as log:
                job = await self._store.get(job_id)
                self._unwritten.pop(job_id, None)
                add_log_facts(trace_id=job.trace_id)
                try:
                    await self._see_through(job, log)
                finally:
                    self._let_go(job)
                    await self._fill_engine()  # with what other jobs have waiting
            job = await self._store.get(job_id)
            if job.status.finished:  # else the store lost the end, and somebody sees the job through once more
                await self._store.retire(job)
        except JobNotFoundError:
            self._unwritten.setdefault(job_id, time.monotonic())
        except (LogForkedError, StateStoreUnavailableError, ServerDrainingError) as error:
            _LOG.info("job left for the reconciler", extra={"reason": error.reason})
        except Exception:
            _LOG.exception("job left for the reconciler: a fault of ours")

    async def _see_through(self, job: JobRecord, log: JobLog) -> None:
        limit = job.request.execution_timeout
        so_far = (job.read_ms - job.created_ms) / 1000
        deadline = time.monotonic() + limit - so_far if limit else math.inf
        reconcile_at = time.monotonic()  # what was left by whoever tended the job before
        while not log.finished:
            seen = log.last
            if log.closing:
                await self._store.finish(job.job_id, "cancelled", "CANCELLED", "the job was cancelled")
            elif time.monotonic() >= deadline:
                await self._store.finish(
                    job.job_id, "failed", "DEADLINE_EXCEEDED", f"the job was not done after {limit:g} s"
                )
            else:
                if time.monotonic() >= reconcile_at:
                    await self._store.requeue_overdue(job.job_id)
                    reconcile_at = time.monotonic() + _RECONCILE_SECONDS
                await self._hand_over(job)
            await log.wait_beyond(seen, max(0.0, min(reconcile_at, deadline) - time.monotonic()))

    async def _hand_over(self, job: JobRecord) -> None:
        mine = {ref.step: since for ref, since in self._handed_over.items() if ref.job_id == job.job_id}
        pending, states = await self._store.pending(job.job_id, 2 * max(self._capacity.values()), list(mine))
        # Steps that are done free their places, and so do those that nobody picked up in the time of a lease.
        lost_before = time.monotonic() - self._times.lease
        for step, state in states.items():
            if state in {"done", ""} or (state == "pending" and mine[step] < lost_before):
                self._handed_over.pop(StepRef(job.job_id, step), None)
        waiting = [step for step in pending if StepRef(job.job_id, step) not in self._handed_over]
        for resource, queue in self._queues.items():
            queue.offer(job.owner, job.job_id, [step for step in waiting if step.resource is resource])
        await self._fill_engine()

    async def _fill_engine(self) -> None:
        with_engine = Counter(ref.step.resource for ref in self._handed_over)
        refs = []
        for resource, queue in self._queues.items():
            while with_engine[resource] < self._capacity[resource] and (ref := queue.take()) is not None:
                self._handed_over[ref] = time.monotonic()
                with_engine[resource] += 1
                refs.append(ref)
        if refs:
            await self._engine.submit(refs)

    def _let_go(self, job: JobRecord) -> None:
        for queue in self._queues.values():
            queue.offer(job.owner, job.job_id, [])
        for ref in [ref for ref in self._handed_over if ref.job_id == job.job_id]:
            del self._handed_over[ref]

    async def _reconcile_for_ever(self) -> None:
        while True:
            try:
                await self._reconcile()
            except StateStoreUnavailableError:
                _LOG.warning("the state store does not answer; reconciling later")
            except Exception:
                _LOG.exception("reconciling failed: a fault of ours")
            await asyncio.sleep(_RECONCILE_SECONDS)

    async def _count_workers(self) -> None:
        slots = await self._workforce.slots()
        # Where nobody works yet, a few steps wait in the queues, so that whoever looks there sees that there is work.
        self._capacity = {resource: max(1, slots.get(resource, 0)) * _STEPS_PER_WORKER for resource in Resource}

    async def _reconcile(self) -> None:
        await self._count_workers()
        active = await self._store.active(LOCAL_OWNER)
        self._unwritten = {job_id: since for job_id, since in self._unwritten.items() if job_id in active}
        for job_id in active:
            since = self._unwritten.get(job_id)
            if since is not None and time.monotonic() - since > _STALE_RESERVATION_SECONDS:
                await self._store.forget(job_id, LOCAL_OWNER)
            else:
                self.tend(job_id)
        for job_id in await self._store.expired(LOCAL_OWNER):
            await self._store.forget(job_id, LOCAL_OWNER)
