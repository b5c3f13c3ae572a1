"""One step, from claim to event. Every engine ends here.

The truth about a step is in the store: a step is claimed with an attempt number and a lease, the lease is renewed while
the step is in hand, and the result counts only while the attempt is the current one. So it does no harm if an engine
runs a step twice.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from kinescribe_server.jobs.errors import (
    JobNotFoundError,
    KinescribeError,
    ServerDrainingError,
    StateStoreUnavailableError,
)
from kinescribe_server.jobs.events import AssetRetried
from kinescribe_server.jobs.making import MAX_ATTEMPTS, AttemptFailedError, StepMaker
from kinescribe_server.jobs.model import StepRef, Warn
from kinescribe_server.jobs.outcomes import outcome_of
from kinescribe_server.logs import add_log_facts, set_log_facts
from kinescribe_server.store.protocol import Claim, JobLog, JobLogs, JobStore, Refusal
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

# A result that is ready waits this long for the store to come back.
_STORE_PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a claim lasts without renewal, and how often it is renewed, in seconds."""

    lease: float = 15.0
    renewal: float = 5.0


class _NotHeldError(Exception):
    """The step is not, or no longer, ours."""


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs steps."""

    store: JobStore
    logs: JobLogs
    maker: StepMaker
    times: LeaseTimes = dataclasses.field(default_factory=LeaseTimes)

    async def run(self, ref: StepRef) -> None:
        """Claims a step and does it, unless somebody else has it or its job has ended. Never raises for what can
        happen to a step: what is left undone is found by the reconciler."""
        set_log_facts({"job_id": ref.job_id, "step": str(ref.step), "segment": ref.step.segment})
        try:
            async with self.logs.follow(ref.job_id) as log:
                await _unless_needless(log, self._attempts(ref))
        except (_NotHeldError, JobNotFoundError):
            _LOG.debug("step left: it is not ours, or its job is gone")
        except (StateStoreUnavailableError, ServerDrainingError) as error:
            _LOG.warning("step left for the reconciler", extra={"reason": error.reason})
        except Exception:
            _LOG.exception("step left: a fault of ours")

    async def _attempts(self, ref: StepRef) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(AttemptFailedError),
            wait=wait_exponential_jitter(multiplier=0.5, max=8.0, jitter=0.5),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            before_sleep=self._announce_retry,
            reraise=True,
        )
        await retrying(self._attempt, ref)

    async def _announce_retry(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(failure, AttemptFailedError)  # noqa: S101 - nothing else is retried
        assert state.next_action is not None  # noqa: S101 - there is a next attempt
        step = failure.claim.ref.step
        _LOG.warning("attempt failed", extra={"reason": failure.error.reason})
        event = AssetRetried(
            step.segment, step.kind, failure.claim.attempt, failure.error.message, round(state.next_action.sleep, 3)
        )
        _raise_if_refused(await self._patiently(self.store.retry, failure.claim, event, self.times.lease))

    async def _attempt(self, ref: StepRef) -> None:
        claim = await self.store.claim(ref, self.times.lease)
        if isinstance(claim, Refusal):
            raise _NotHeldError
        add_log_facts(attempt=claim.attempt, owner=claim.job.owner, trace_id=claim.job.trace_id)
        try:
            await self._while_held(claim, self._do(claim))
        except asyncio.CancelledError:
            await self._patiently(self.store.hand_back, claim)
            raise

    async def _while_held(self, claim: Claim, work: Coroutine[Any, Any, None]) -> None:
        """Does the work and renews the lease meanwhile; stops when the lease is lost."""
        tasks = {asyncio.create_task(work), asyncio.create_task(self._renew(claim))}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end_tasks(tasks)

    async def _renew(self, claim: Claim) -> None:
        while True:
            await asyncio.sleep(self.times.renewal)
            try:
                _raise_if_refused(await self.store.renew(claim, self.times.lease))
            except StateStoreUnavailableError:
                continue  # the work goes on; whether it still counts is decided when it is written

    async def _do(self, claim: Claim) -> None:
        step = claim.ref.step
        try:
            result, notices, message = await self.maker.make(claim)
        except KinescribeError as error:
            if isinstance(error, StateStoreUnavailableError | ServerDrainingError | JobNotFoundError):
                raise
            _LOG.error("step failed", extra={"reason": error.reason})
            _raise_if_refused(await self._patiently(self.store.fail, claim, error.reason, f"{step}: {error.message}"))
            return
        warnings = [Warn(step.segment, notice.reason, notice.message) for notice in notices]
        if result.degraded:
            warnings.append(Warn(step.segment, result.degraded, message))
        outcome = outcome_of(step, result, claim.job.request.options, warnings, message)
        _raise_if_refused(await self._patiently(self.store.done, claim, outcome))
        _LOG.info("step done", extra={"maker": result.maker, "cached": result.cached, "degraded": result.degraded})

    async def _patiently(self, call: Callable[..., Awaitable[Refusal | None]], *arguments: Any) -> Refusal | None:
        """Calls the store, and waits for it if it is away: what has been made is not thrown away for that."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(StateStoreUnavailableError),
            wait=wait_exponential_jitter(multiplier=0.2, max=5.0),
            stop=stop_after_delay(_STORE_PATIENCE_SECONDS),
            reraise=True,
        )
        return await retrying(call, *arguments)


async def _unless_needless(log: JobLog, work: Coroutine[Any, Any, None]) -> None:
    """Does the work, or ends it at once when the job finishes, is cancelled or is deleted."""
    tasks = {asyncio.create_task(work), asyncio.create_task(log.wait_until_needless())}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end_tasks(tasks)


def _raise_if_refused(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise _NotHeldError
