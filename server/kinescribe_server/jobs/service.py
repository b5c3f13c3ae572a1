"""What can be done with jobs: the use cases behind the calls."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import takewhile

from kinescribe_server.artifacts.protocol import ArtifactStore, StoredFile
from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.chain import MakerChain, Wishes
from kinescribe_server.jobs.details import JobDetails, NewJob, RenderedFilm, SegmentState, SourceText
from kinescribe_server.jobs.errors import (
    ArtifactNotFoundError,
    JobNotFoundError,
    QueueFullError,
    QuotaExceededError,
    RequestIdReusedError,
    ServerDrainingError,
    StateStoreUnavailableError,
    Violation,
)
from kinescribe_server.jobs.makers import MakerTable
from kinescribe_server.jobs.model import (
    LOCAL_OWNER,
    JobRequest,
    JobStatus,
    Options,
    Step,
    StepKind,
    attachments_of_script,
)
from kinescribe_server.jobs.orchestrator import Orchestrator
from kinescribe_server.jobs.outcomes import STORED_FILE, film_summary
from kinescribe_server.jobs.plan import writing_plan
from kinescribe_server.jobs.progress import seconds_left
from kinescribe_server.jobs.violations import refuse, shown
from kinescribe_server.logs import add_log_facts, log_facts, trace_id_of
from kinescribe_server.script.model import SCRIPT, Script
from kinescribe_server.script.protocol import ScriptRequest
from kinescribe_server.store.protocol import Admission, JobLog, JobLogs, JobStore, Limits

_JOB_ID_BYTES = 10
# How long a deleted job's steps are given to let go of it.
_CANCEL_SECONDS = 10.0


class JobService:
    """The use cases. Every call names the owner, and sees only the owner's jobs."""

    def __init__(
        self,
        *,
        store: JobStore,
        logs: JobLogs,
        orchestrator: Orchestrator,
        artifacts: ArtifactStore,
        chain: MakerChain,
        makers: MakerTable,
        limits: Limits,
    ) -> None:
        self._store = store
        self._logs = logs
        self._orchestrator = orchestrator
        self._artifacts = artifacts
        self._chain = chain
        self._makers = makers
        self._limits = limits
        self._draining = False

    def drain(self) -> None:
        """No new jobs from here on."""
        self._draining = True

    async def ready(self) -> None:
        """Raises ServerDrainingError or StateStoreUnavailableError if no job can be taken."""
        self._refuse_while_draining()
        await self._store.active(LOCAL_OWNER)

    def _refuse_while_draining(self) -> None:
        if self._draining:
            raise ServerDrainingError("the server is shutting down and takes no new jobs")

    async def generate(self, owner: str, new: NewJob) -> tuple[JobDetails, bool]:
        """Starts a job; answers it, and whether it was there already.

        Raises InvalidRequestError for attachments that were not uploaded, RequestIdReusedError, QueueFullError,
        StorageFullError, ServerDrainingError, StateStoreUnavailableError.
        """
        self._refuse_while_draining()
        request = await self._request(owner, new)
        payload = hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()
        reservation = await self._store.reserve(
            owner, new.request_id, payload, secrets.token_hex(_JOB_ID_BYTES), self._limits
        )
        job_id = reservation.job_id
        match reservation.admission:
            case Admission.REUSED:
                raise RequestIdReusedError(
                    f"request_id {new.request_id!r} was used for job {job_id}, with another payload; use a new one"
                )
            case Admission.FULL:
                raise QueueFullError(f"{self._limits.queue} jobs are waiting or running, which is the limit")
            case Admission.TOO_MANY_JOBS:
                raise QuotaExceededError(f"{self._limits.jobs_of_owner} of your jobs wait or run, which is the limit")
            case Admission.TOO_MUCH_FILM:
                used = f"{self._limits.film_seconds_a_day} seconds of film a day are allowed, and have been made"
                raise QuotaExceededError(used, reservation.retry_seconds)
            case Admission.TOO_MANY_REQUESTS:
                used = f"{self._limits.requests_a_minute} requests a minute are allowed"
                raise QuotaExceededError(used, reservation.retry_seconds)
        add_log_facts(job_id=job_id)
        trace_id = str(log_facts().get("trace_id") or trace_id_of())
        await self._store.create(job_id, owner, request, trace_id)  # on a repeat, too: the first call may have died
        self._orchestrator.tend(job_id)
        return await self.get(owner, job_id), reservation.admission is Admission.SAME

    async def check(self, owner: str, new: NewJob) -> None:
        """Raises InvalidRequestError if `generate` would."""
        await self._uploaded(owner, new.source, new.options)

    async def _request(self, owner: str, new: NewJob) -> JobRequest:
        attachments = await self._uploaded(owner, new.source, new.options)
        match new.source:
            case Script() as script:
                data, media_type, images = SCRIPT.dump_json(script), "application/json", {}
            case SourceText() as text:
                data, media_type, images = text.text.encode("utf-8"), "text/markdown", dict(text.images)
        source = await asyncio.to_thread(self._artifacts.put_bytes, data, media_type)
        return JobRequest(
            source=source.sha256,
            source_is_script=isinstance(new.source, Script),
            options=new.options,
            labels=dict(new.labels or {}),
            attachments=attachments,
            execution_timeout=new.execution_timeout,
            images=images,
        )

    async def _uploaded(self, owner: str, source: SourceText | Script, options: Options) -> dict[str, str]:
        """The SHA-256 of each attachment that is named. Raises InvalidRequestError with the fields that name one which
        was not uploaded."""
        fields = list(_named_attachments(source, options))
        known = await self._store.attachments(owner, sorted({name for _, name in fields}))
        refuse([Violation(at, f"{shown(name)} was not uploaded") for at, name in fields if name not in known])
        return known

    async def attach(self, owner: str, data: bytes, media_type: str) -> str:
        """Stores an attachment; answers the name under which scripts refer to it."""
        file = await asyncio.to_thread(self._artifacts.put_bytes, data, media_type)
        name = f"{file.sha256[:32]}.{media_type.partition('/')[2]}"
        await self._store.add_attachment(owner, name, file.sha256)
        return name

    async def get(self, owner: str, job_id: str, *, full: bool = False) -> JobDetails:
        """Raises JobNotFoundError, also for another owner's job."""
        job = await self._store.get(job_id)
        if job.owner != owner:
            raise JobNotFoundError(job_id)
        compose, script_step = Step(StepKind.COMPOSE), Step(StepKind.SCRIPT)
        results = await self._store.results(job_id, [compose, script_step])
        film = None
        if job.status is JobStatus.SUCCEEDED:
            if compose not in results:
                raise JobNotFoundError(job_id)  # deleted meanwhile
            film = film_summary(results[compose], job.request.options)
        ahead = await self._store.ahead(owner, job_id) if job.status is JobStatus.PENDING else 0
        running = job.status is JobStatus.RUNNING
        left = seconds_left(job.counts, (job.read_ms - job.started_ms) / 1000) if running else None
        if not full or script_step not in results:
            return JobDetails(job, film=film, ahead=ahead, seconds_left=left)
        script = SCRIPT.validate_json(
            await asyncio.to_thread(self._artifacts.read, results[script_step].files["script"].sha256)
        )
        return JobDetails(job, script, await self._segments(job_id, script), film, ahead, left)

    async def _segments(self, job_id: str, script: Script) -> list[SegmentState]:
        kinds = (StepKind.SPEECH, StepKind.VISUAL, StepKind.RENDER)
        steps = [Step(kind, index) for index in range(len(script.scenes)) for kind in kinds]
        states = await self._store.states(job_id, steps)
        results = await self._store.results(job_id, steps)
        return [
            SegmentState(
                index=index,
                scene_id=scene.id,
                title=scene.title,
                states={kind: states[Step(kind, index)] for kind in kinds},
                results={kind: results[Step(kind, index)] for kind in kinds if Step(kind, index) in results},
            )
            for index, scene in enumerate(script.scenes)
        ]

    async def rendered(self, owner: str, job_id: str) -> RenderedFilm:
        """Raises JobNotFoundError."""
        job = (await self.get(owner, job_id)).job  # before the clips: of a job that has finished there are no more
        steps = [Step(StepKind.RENDER, segment) for segment in range(job.counts.segments)]
        results = await self._store.results(job_id, steps)
        clips = [results[step].files["clip"].sha256 for step in takewhile(results.__contains__, steps)]
        return RenderedFilm(clips, job.request.options.frame_rate, job.status.finished)

    async def list_jobs(self, owner: str, after: str, size: int) -> tuple[list[JobDetails], str]:
        """A page of jobs, newest first, and where the next page begins ("" on the last page)."""
        job_ids, following = await self._store.list_jobs(owner, after, size)
        jobs = []
        for job_id in job_ids:
            try:
                jobs.append(await self.get(owner, job_id))
            except JobNotFoundError:
                continue  # deleted meanwhile, or reserved and not yet written
        return jobs, following

    async def cancel(self, owner: str, job_id: str) -> JobDetails:
        await self.get(owner, job_id)
        await self._store.cancel(job_id)
        self._orchestrator.tend(job_id)
        return await self.get(owner, job_id)

    async def delete(self, owner: str, job_id: str) -> None:
        job = (await self.cancel(owner, job_id)).job
        if not job.status.finished:
            async with self._logs.follow(job_id) as log:
                await _until_finished(log)
        await self._store.forget(job_id, owner)

    async def artifact(self, owner: str, job_id: str, name: str) -> StoredFile:
        """Raises JobNotFoundError and ArtifactNotFoundError."""
        await self.get(owner, job_id)
        artifacts = await self._store.artifacts(job_id)
        if name not in artifacts:
            raise ArtifactNotFoundError(f"job {job_id} has no artifact {name!r}; it has {_some(sorted(artifacts))}")
        return STORED_FILE.validate_json(artifacts[name])

    async def preview(self, owner: str, source: SourceText, options: Options) -> tuple[Script, tuple[Notice, ...]]:
        """The script that a job would have. Raises InvalidRequestError for attachments that were not uploaded, and
        MakeError for text that no script can be made of."""
        await self._uploaded(owner, source, options)
        request = ScriptRequest(source.text, options.language, images=source.images)
        wanted = writing_plan(request, options.writer, self._makers)
        written, notices = await self._chain.make(StepKind.SCRIPT, wanted, Wishes(owner))
        script = SCRIPT.validate_json(await asyncio.to_thread(self._artifacts.read, written.files["script"].sha256))
        return script, notices


def _named_attachments(source: SourceText | Script, options: Options) -> Iterator[tuple[str, str]]:
    """Every attachment that is named, with the path of the request's field that names it."""
    match source:
        case Script() as script:
            yield from ((f"script.{field_path}", name) for field_path, name in attachments_of_script(script))
        case SourceText(images=images):
            yield from ((f"attachments[{shown(path)}]", name) for path, name in images.items())
    if options.brand is not None and options.brand.logo_attachment:
        yield "options.brand.logo_attachment", options.brand.logo_attachment
    if options.music:
        yield "options.music", options.music


def _some(names: Sequence[str]) -> str:
    some = ", ".join(names[:10]) or "none yet"
    return some + (f" and {len(names) - 10} more" if len(names) > 10 else "")


async def _until_finished(log: JobLog) -> None:
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            while not log.finished:
                await log.wait_beyond(log.last, _CANCEL_SECONDS)
    except TimeoutError as error:
        raise StateStoreUnavailableError("the job is being cancelled and has not ended yet; try again") from error
