"""One step, from claim to event. Every engine ends here.

The truth about a step is in the store: a step is claimed with an attempt number and a lease, the lease is renewed while
the step is in hand, and the result counts only while the attempt is the current one. So it does no harm if an engine
runs a step twice.
"""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_after_delay
from tenacity.wait import wait_exponential_jitter

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.artifacts.results import ResultFolder, input_key
from kinescribe_server.engine.protocol import Made, Notice
from kinescribe_server.jobs.errors import (
    JobNotFoundError,
    KinescribeError,
    MakeError,
    ServerDrainingError,
    StateStoreUnavailableError,
)
from kinescribe_server.jobs.events import AssetRetried
from kinescribe_server.jobs.makers import MakerSpec, MakerTable
from kinescribe_server.jobs.model import JobRecord, Resource, Step, StepKind, StepRef, StepResult, Warn
from kinescribe_server.jobs.outcomes import outcome_of
from kinescribe_server.jobs.plan import Known, Plan, needs, plan, stand_in
from kinescribe_server.jobs.time_limits import time_limit
from kinescribe_server.script.model import SCRIPT, Script
from kinescribe_server.script.protocol import ScriptRequest
from kinescribe_server.store.protocol import Claim, JobLog, JobLogs, JobStore, Refusal
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# A stand-in that takes its worker with it gets two chances; then the step has failed for good.
_MAX_CLAIMS = MAX_ATTEMPTS + 2
# A result that is ready waits this long for the store to come back.
_STORE_PATIENCE_SECONDS = 300.0


class Workshop(Protocol):
    """Where makers run. Raises MakeError."""

    async def make(
        self, resource: Resource, maker: MakerSpec, request: Any, time_limit: float, on_gauge: Callable[[float], None]
    ) -> Made: ...


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How long a claim lasts without renewal, and how often it is renewed, in seconds."""

    lease: float = 15.0
    renewal: float = 5.0


class _AttemptFailedError(Exception):
    """An attempt failed and another may succeed."""

    def __init__(self, claim: Claim, error: MakeError) -> None:
        super().__init__(error.message)
        self.claim = claim
        self.error = error


class _NotHeldError(Exception):
    """The step is not, or no longer, ours."""


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs steps."""

    store: JobStore
    logs: JobLogs
    artifacts: ArtifactStore
    results: ResultFolder
    workshop: Workshop
    makers: MakerTable
    times: LeaseTimes = dataclasses.field(default_factory=LeaseTimes)

    async def run(self, ref: StepRef) -> None:
        """Claims a step and does it, unless somebody else has it or its job has ended. Never raises for what can
        happen to a step: what is left undone is found by the reconciler."""
        context = {"job_id": ref.job_id, "step": str(ref.step), "segment": ref.step.segment}
        try:
            async with self.logs.follow(ref.job_id) as log:
                await _unless_closing(log, self._attempts(ref))
        except (_NotHeldError, JobNotFoundError):
            _LOG.debug("step left: it is not ours, or its job is gone", extra=context)
        except (StateStoreUnavailableError, ServerDrainingError) as error:
            _LOG.warning("step left for the reconciler", extra={**context, "reason": error.reason})
        except Exception:
            _LOG.exception("step left: a fault of ours", extra=context)

    async def _attempts(self, ref: StepRef) -> None:
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_AttemptFailedError),
            wait=wait_exponential_jitter(multiplier=0.5, max=8.0, jitter=0.5),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            before_sleep=self._announce_retry,
            reraise=True,
        )
        await retrying(self._attempt, ref)

    async def _announce_retry(self, state: RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(failure, _AttemptFailedError)  # noqa: S101 - nothing else is retried
        assert state.next_action is not None  # noqa: S101 - there is a next attempt
        step = failure.claim.ref.step
        _LOG.warning(
            "attempt failed",
            extra={
                "job_id": failure.claim.ref.job_id,
                "step": str(step),
                "segment": step.segment,
                "attempt": failure.claim.attempt,
                "reason": failure.error.reason,
            },
        )
        event = AssetRetried(
            step.segment, step.kind, failure.claim.attempt, failure.error.message, round(state.next_action.sleep, 3)
        )
        _raise_if_refused(await self.store.retry(failure.claim, event, self.times.lease))

    async def _attempt(self, ref: StepRef) -> None:
        claim = await self.store.claim(ref, self.times.lease)
        if isinstance(claim, Refusal):
            raise _NotHeldError
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
        ref = claim.ref
        job = await self.store.get(ref.job_id)
        context = {
            "job_id": ref.job_id,
            "step": str(ref.step),
            "segment": ref.step.segment,
            "attempt": claim.attempt,
            "owner": job.owner,
        }
        try:
            if claim.attempt > _MAX_CLAIMS:
                raise MakeError("WORKER_LOST", f"{ref.step} ended its worker {claim.attempt - 1} times")
            result, notices, message = await self._make(claim, job)
        except KinescribeError as error:
            if isinstance(error, StateStoreUnavailableError | ServerDrainingError | JobNotFoundError):
                raise
            _LOG.error("step failed", extra={**context, "reason": error.reason})
            await self._patiently(self.store.finish, ref.job_id, "failed", error.reason, f"{ref.step}: {error.message}")
            return
        warnings = [Warn(ref.step.segment, notice.reason, notice.message) for notice in notices]
        if result.degraded:
            warnings.append(Warn(ref.step.segment, result.degraded, message))
        outcome = outcome_of(ref.step, result, job.request.options, warnings, message)
        _raise_if_refused(await self._patiently(self.store.done, claim, outcome))
        _LOG.info(
            "step done",
            extra={**context, "maker": result.maker, "cached": result.cached, "degraded": result.degraded},
        )

    async def _make(self, claim: Claim, job: JobRecord) -> tuple[StepResult, tuple[Notice, ...], str]:
        """The step's result, what the user should know of it, and why it is degraded ("" if it is not)."""
        step = claim.ref.step
        if step.kind is StepKind.SCRIPT:
            return *await self._make_script(claim, job), ""
        known = await self._known(job, step)
        wanted = plan(step, known, self.makers)
        if step.kind is StepKind.SPEECH and not known.script.scenes[step.segment or 0].narration.strip():
            return StepResult({}, {"duration": 0.0}, ""), (), ""
        try:
            return *await self._try_makers(claim, job, wanted), ""
        except MakeError as error:
            substitute = stand_in(step, known, self.makers, error.reason, error.message)
            if substitute is None:
                raise
            result, notices = await self._try_makers(claim, job, substitute)
            return dataclasses.replace(result, degraded=error.reason), notices, error.message

    async def _make_script(self, claim: Claim, job: JobRecord) -> tuple[StepResult, tuple[Notice, ...]]:
        request = job.request
        if request.source_is_script:
            script = _load_script(self.artifacts, request.source)
            stored = await asyncio.to_thread(self.artifacts.put_bytes, SCRIPT.dump_json(script), "application/json")
            return StepResult({"script": stored}, {"segments": len(script.scenes)}, ""), ()
        source = await asyncio.to_thread(self.artifacts.read, request.source)
        wanted = ScriptRequest(source.decode("utf-8"), request.options.language)
        return await self._try_makers(claim, job, Plan(wanted, (self.makers.writers[request.options.writer],)))

    async def _try_makers(self, claim: Claim, job: JobRecord, wanted: Plan) -> tuple[StepResult, tuple[Notice, ...]]:
        step = claim.ref.step
        canonical = dataclasses.asdict(wanted.request)
        failures: list[MakeError] = []
        for maker in wanted.makers:
            key = input_key(job.owner, maker.name, maker.version, canonical)
            made = await asyncio.to_thread(self.results.get, key)
            cached = made is not None
            if made is None:
                limit = time_limit(step.kind, wanted.request)
                try:
                    made = await self._make_with_gauge(claim, maker, wanted.request, limit)
                except MakeError as error:
                    if error.retryable and claim.attempt < MAX_ATTEMPTS:
                        raise _AttemptFailedError(claim, error) from error
                    failures.append(error)
                    continue
                made = await asyncio.to_thread(self.results.put_if_absent, key, made)
            notices = list(made.notices)
            if failures:
                notices.append(Notice("OTHER_MAKER", f"{maker.name} made this, because: {failures[0].message}"))
            return StepResult(made.files, made.details, maker.name, cached), tuple(notices)
        if failures:
            raise failures[0]
        raise MakeError("UNKNOWN_TYPE", f"nothing here makes {_wanted_name(step, wanted)}")

    async def _make_with_gauge(self, claim: Claim, maker: MakerSpec, request: Any, limit: float) -> Made:
        """Runs a maker; its percentages go out one at a time, the latest when the one before is out."""
        latest: asyncio.Queue[float] = asyncio.Queue(maxsize=1)

        def keep_latest(percent: float) -> None:
            if latest.full():
                latest.get_nowait()
            latest.put_nowait(percent)

        async def send() -> None:
            while True:
                percent = await latest.get()
                with contextlib.suppress(StateStoreUnavailableError):
                    await self.store.gauge(claim, percent)

        keep_latest(0.0)
        sending = asyncio.create_task(send())
        try:
            return await self.workshop.make(claim.ref.step.resource, maker, request, limit, keep_latest)
        finally:
            await end_tasks([sending])

    async def _known(self, job: JobRecord, step: Step) -> Known:
        script_step = Step(StepKind.SCRIPT)
        wanted = needs(step, job.counts.segments)
        results = await self.store.results(job.job_id, [script_step, *wanted])
        missing = [str(other) for other in (script_step, *wanted) if other not in results]
        if missing:
            raise MakeError("RESULT_MISSING", f"{step} needs {', '.join(missing)}", retryable=True)
        script = await asyncio.to_thread(_load_script, self.artifacts, results[script_step].files["script"].sha256)
        return Known(job.request, script, results)

    async def _patiently(self, call: Callable[..., Awaitable[Refusal | None]], *arguments: Any) -> Refusal | None:
        """Calls the store, and waits for it if it is away: what has been made is not thrown away for that."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(StateStoreUnavailableError),
            wait=wait_exponential_jitter(multiplier=0.2, max=5.0),
            stop=stop_after_delay(_STORE_PATIENCE_SECONDS),
            reraise=True,
        )
        return await retrying(call, *arguments)


def _load_script(artifacts: ArtifactStore, sha256: str) -> Script:
    return _parse_script(artifacts.read(sha256))


@lru_cache(maxsize=8)  # a script is read by each of its steps, and a few jobs run at a time
def _parse_script(data: bytes) -> Script:
    return SCRIPT.validate_json(data)


async def _unless_closing(log: JobLog, work: Coroutine[Any, Any, None]) -> None:
    """Does the work, or ends it at once when the job finishes, is cancelled or is deleted."""
    tasks = {asyncio.create_task(work), asyncio.create_task(_until_closing(log))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end_tasks(tasks)


async def _until_closing(log: JobLog) -> None:
    while not log.closing:
        try:
            await log.wait_beyond(log.last, 60.0)
        except (StateStoreUnavailableError, ServerDrainingError):
            await asyncio.sleep(1.0)  # work in hand goes on through both; draining has its own limit


def _raise_if_refused(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise _NotHeldError


def _wanted_name(step: Step, wanted: Plan) -> str:
    visual = getattr(wanted.request, "visual", None)
    return f"visuals of type {getattr(visual, 'type_name', type(visual).__name__.lower())!r}" if visual else str(step)
