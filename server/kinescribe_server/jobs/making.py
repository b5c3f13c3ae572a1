"""What is made in a step: the makers that are tried, what is taken from storage, and what stands in when all fail."""

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.engine.protocol import Notice
from kinescribe_server.film.protocol import with_job
from kinescribe_server.jobs.chain import MakerChain, Wishes
from kinescribe_server.jobs.errors import (
    ArtifactNotFoundError,
    KinescribeError,
    MakeError,
    StateStoreUnavailableError,
)
from kinescribe_server.jobs.job_report import job_report
from kinescribe_server.jobs.makers import MakerTable
from kinescribe_server.jobs.model import JobRecord, Step, StepKind, StepResult
from kinescribe_server.jobs.plan import Plan, card, needs, plan, stand_in, translation_plan, writing_plan
from kinescribe_server.jobs.requests import Known
from kinescribe_server.script.model import SCRIPT, Script
from kinescribe_server.script.protocol import ScriptRequest
from kinescribe_server.store.protocol import Claim, JobStore
from kinescribe_server.tasks import end_tasks

_LOG = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
# A stand-in that takes its worker with it gets two chances; then the step has failed for good.
_MAX_CLAIMS = MAX_ATTEMPTS + 2
_REPORT = "report.json"
# A few jobs run at a time.
_SCRIPTS_KEPT = 8
# What a maker says of a file that it cannot use, and what storage says of one that is not there.
_DAMAGE = frozenset({"ASSET_DAMAGED", "ARTIFACT_NOT_FOUND", "CLIPS_DIFFER"})


class AttemptFailedError(Exception):
    """An attempt failed and another may succeed."""

    def __init__(self, claim: Claim, error: MakeError) -> None:
        super().__init__(error.message)
        self.claim = claim
        self.error = error


@contextlib.contextmanager
def _own_faults(claim: Claim) -> Iterator[None]:
    """A fault of ours costs attempts and its own segment, as one of a maker's does."""
    try:
        yield
    except (KinescribeError, AttemptFailedError):
        raise
    except Exception as error:
        _LOG.exception("a fault of ours")
        fault = MakeError("INTERNAL", f"{type(error).__name__} in the service; its log says more", retryable=True)
        raise _failure(claim, fault) from error


def _failure(claim: Claim, error: MakeError) -> AttemptFailedError | MakeError:
    """What an error that another attempt may mend comes to: another attempt, while there is one."""
    return AttemptFailedError(claim, error) if claim.attempt < MAX_ATTEMPTS else error


def _check_attempts(claim: Claim, most: int) -> None:
    """Raises MakeError for a step that was lost with its worker too often; every other failure is seen at its end."""
    if claim.attempt > most:
        raise MakeError("WORKER_LOST", f"{claim.ref.step} was lost with its worker, {claim.attempt - 1} times in all")


@dataclass(frozen=True, slots=True)
class StepMaker:
    """Makes steps."""

    store: JobStore
    artifacts: ArtifactStore
    chain: MakerChain
    makers: MakerTable
    scripts: dict[str, Script] = field(default_factory=dict)

    async def make(self, claim: Claim) -> tuple[StepResult, tuple[Notice, ...], str]:
        """The step's result, what the user should know of it, and why it is degraded ("" if it is not).

        Raises AttemptFailedError for what another attempt may mend, MakeError for what nothing stands in for.
        """
        step, job = claim.ref.step, claim.job
        with _own_faults(claim):
            if step.kind is StepKind.SCRIPT:
                _check_attempts(claim, MAX_ATTEMPTS)
                return *await self._make_script(claim), ""
            _check_attempts(claim, _MAX_CLAIMS)
            known = await self._known(job, step)
        try:
            with _own_faults(claim):
                _check_attempts(claim, MAX_ATTEMPTS)
                result, notices = await self._try_makers(claim, plan(step, known, self.makers))
                if step.kind is StepKind.COMPOSE:
                    result = await asyncio.to_thread(self._with_job_report, job, {**known.results, step: result})
            return result, notices, ""
        except MakeError as error:
            with _own_faults(claim):
                result, notices = await self._instead(claim, known, error)
            return dataclasses.replace(result, degraded=error.reason), notices, error.message
        except AttemptFailedError as failed:
            if failed.error.reason in _DAMAGE:
                # What cannot be mended shows at the next attempt.
                with contextlib.suppress(MakeError, ArtifactNotFoundError):
                    await self._mend(job, step, known)
            raise

    def _with_job_report(self, job: JobRecord, results: Mapping[Step, StepResult]) -> StepResult:
        """The film's result with a report that says what its job took; the stored result keeps what is always so."""
        film = results[Step(StepKind.COMPOSE)]
        report = with_job(self.artifacts.read(film.files[_REPORT].sha256), job_report(job, results))
        stored = self.artifacts.put_bytes(report, "application/json")
        return dataclasses.replace(film, files={**film.files, _REPORT: stored})

    async def _instead(self, claim: Claim, known: Known, error: MakeError) -> tuple[StepResult, tuple[Notice, ...]]:
        """What stands in for a step that failed for good. Raises the error where nothing does."""
        step = claim.ref.step
        if step.kind is StepKind.RENDER:
            return await self._card_clip(claim, known, error)
        substitute = stand_in(step, known, self.makers, error.reason, error.message)
        if substitute is None:
            raise error
        return await self._stand_in(claim, substitute)

    async def _stand_in(self, claim: Claim, substitute: Plan) -> tuple[StepResult, tuple[Notice, ...]]:
        """What stands in fails only if its worker is lost, which is no fault of its own: it is tried again at once,
        also when the step's own attempts are used up."""
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                return await self._try_makers(claim, substitute)
            except MakeError as error:
                if not error.retryable:
                    raise
        return await self._try_makers(claim, substitute)

    async def _card_clip(self, claim: Claim, known: Known, error: MakeError) -> tuple[StepResult, tuple[Notice, ...]]:
        """A clip of a picture that says what is missing: with what is said, or, if that is the fault, without."""
        segment = claim.ref.step.segment
        assert segment is not None  # noqa: S101 - a render step is a segment's
        speech, visual = Step(StepKind.SPEECH, segment), Step(StepKind.VISUAL, segment)
        wanted = card(known.script.scenes[segment], known, self.makers, error.reason, error.message)
        picture, _ = await self._try_makers(claim, wanted, visual)
        with_speech = {**known.results, visual: picture}
        silent = {step: result for step, result in with_speech.items() if step != speech}
        for results in (with_speech, silent):
            plain = dataclasses.replace(known, results=results)
            with contextlib.suppress(MakeError):
                return await self._try_makers(claim, plan(claim.ref.step, plain, self.makers))
        raise error

    async def _make_script(self, claim: Claim) -> tuple[StepResult, tuple[Notice, ...]]:
        request = claim.job.request
        if request.source_is_script:
            return await self._take_script(claim)
        source = await asyncio.to_thread(self.artifacts.read, request.source)
        wanted = ScriptRequest(source.decode("utf-8"), request.options.language, images=request.images)
        return await self._try_makers(claim, writing_plan(wanted, request.options.writer, self.makers))

    async def _take_script(self, claim: Claim) -> tuple[StepResult, tuple[Notice, ...]]:
        """The script that the user sent, translated if the film is to be in another language."""
        script = await self._script(claim.job.request.source)
        wanted = translation_plan(script, claim.job.request.options.language, self.makers)
        notices: tuple[Notice, ...] = ()
        if wanted is not None:
            try:
                return await self._try_makers(claim, wanted)
            except MakeError as error:
                notices = (wanted.notice or Notice("TRANSLATION_UNAVAILABLE", error.message),)
        stored = await asyncio.to_thread(self.artifacts.put_bytes, SCRIPT.dump_json(script), "application/json")
        return StepResult({"script": stored}, {"segments": len(script.scenes)}, ""), notices

    async def _try_makers(
        self, claim: Claim, wanted: Plan, other: Step | None = None
    ) -> tuple[StepResult, tuple[Notice, ...]]:
        """The result of the first maker that can. It is for the claimed step, or for another that this one needs."""

        def retry(error: MakeError) -> None:
            if error.retryable and claim.attempt < MAX_ATTEMPTS:
                raise AttemptFailedError(claim, error) from error

        async with self._gauge(claim) as on_gauge:
            wishes = Wishes(claim.job.owner, claim.job.request.options.strict, on_gauge, retry)
            try:
                return await self.chain.make((other or claim.ref.step).kind, wanted, wishes)
            except ArtifactNotFoundError as error:
                raise _failure(claim, MakeError(error.reason, error.message)) from error

    @contextlib.asynccontextmanager
    async def _gauge(self, claim: Claim) -> AsyncIterator[Callable[[float], None]]:
        """What takes a maker's percentages; they go out one at a time, the latest when the one before is out."""
        latest: asyncio.Queue[float] = asyncio.Queue(maxsize=1)
        sending: list[asyncio.Task[None]] = []

        def keep_latest(percent: float) -> None:
            if not sending:  # most steps are over before they have anything to report
                sending.append(asyncio.create_task(send()))
            if latest.full():
                latest.get_nowait()
            latest.put_nowait(percent)

        async def send() -> None:
            while True:
                percent = await latest.get()
                with contextlib.suppress(StateStoreUnavailableError):
                    await self.store.gauge(claim, percent)

        try:
            yield keep_latest
        finally:
            await end_tasks(sending)

    async def _mend(self, job: JobRecord, step: Step, known: Known) -> None:
        """Makes again what the step is made from, where its files are gone or damaged."""
        for needed in needs(step, job.counts.segments):
            result = known.results[needed]
            checks = [asyncio.to_thread(self.artifacts.discard_damaged, file.sha256) for file in result.files.values()]
            if any(await asyncio.gather(*checks)):
                _LOG.warning("made again: files are damaged", extra={"made_again": str(needed)})
                await self._make_again(job, needed, result)

    async def _make_again(self, job: JobRecord, step: Step, result: StepResult) -> None:
        known = await self._known(job, step)
        await self._mend(job, step, known)
        wanted: Plan | None = plan(step, known, self.makers)
        if result.degraded:
            why = next((warning.message for warning in job.warnings if warning.segment == step.segment), "")
            wanted = stand_in(step, known, self.makers, result.degraded, why)
        for maker in wanted.makers if wanted else ():
            if wanted and maker.name == result.maker:
                await self.chain.run(step.kind, maker, wanted.request)

    async def _known(self, job: JobRecord, step: Step) -> Known:
        script_step = Step(StepKind.SCRIPT)
        wanted = needs(step, job.counts.segments)
        results = await self.store.results(job.job_id, [script_step, *wanted])
        missing = [str(other) for other in (script_step, *wanted) if other not in results]
        if missing:
            raise MakeError("RESULT_MISSING", f"{step} needs {', '.join(missing)}", retryable=True)
        return Known(job.request, await self._script(results[script_step].files["script"].sha256), results)

    async def _script(self, sha256: str) -> Script:
        """Kept: a script is read by each of its steps."""
        if sha256 not in self.scripts:
            script = SCRIPT.validate_json(await asyncio.to_thread(self.artifacts.read, sha256))
            while len(self.scripts) >= _SCRIPTS_KEPT:
                del self.scripts[next(iter(self.scripts))]
            self.scripts[sha256] = script
        return self.scripts[sha256]
