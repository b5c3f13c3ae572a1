"""The seam of state: what jobs/ needs of the store."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kinescribe_server.jobs.events import AssetRetried, Event
from kinescribe_server.jobs.model import JobRecord, JobRequest, Step, StepRef, StepResult, Warn


class Refusal(StrEnum):
    """Why a call about a step was not taken."""

    ABSENT = "absent"  # there is no such job
    CLOSED = "closed"  # the job has finished or is being cancelled
    DONE = "done"  # the step is done, or does not exist
    TAKEN = "taken"  # another worker holds it
    LOST = "lost"  # the caller's attempt is not the current one


@dataclass(frozen=True, slots=True)
class Claim:
    """A step in hand: it is the holder's until the lease runs out, and its result counts only for this attempt.
    `job` is its job at the time of the claim."""

    ref: StepRef
    attempt: int
    job: JobRecord


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that is written when a step is done. `degraded` is "" for what was made as asked."""

    result: StepResult
    event: Event
    artifacts: Mapping[str, str]  # name in the job -> StoredFile as JSON
    warnings: Sequence[Warn] = ()
    segments: int = 0
    film_seconds: float = 0.0
    degraded_message: str = ""
    strict: bool = False


class Admission(StrEnum):
    NEW = "new"
    SAME = "same"  # the request_id is known, with the same payload
    REUSED = "reused"  # the request_id is known, with another payload
    FULL = "full"
    TOO_MANY_JOBS = "too_many_jobs"
    TOO_MUCH_FILM = "too_much_film"
    TOO_MANY_REQUESTS = "too_many_requests"


@dataclass(frozen=True, slots=True)
class Reservation:
    """What became of a request for a job: the job's id, and for a refusal in how many seconds the limit is lifted (0:
    unknown)."""

    admission: Admission
    job_id: str
    retry_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What is admitted; 0 for no limit. `queue` counts the jobs that wait or run."""

    queue: int = 1000
    jobs_of_owner: int = 0
    requests_a_minute: int = 0
    film_seconds_a_day: int = 0


class JobStore(Protocol):
    """The state of jobs. Every method may raise StateStoreUnavailableError."""

    async def reserve(
        self, owner: str, request_id: str, payload_hash: str, job_id: str, limits: Limits
    ) -> Reservation: ...

    async def create(self, job_id: str, owner: str, request: JobRequest, trace_id: str = "") -> None:
        """Creates a job unless it is there. `trace_id` is that of the call."""
        ...

    async def get(self, job_id: str) -> JobRecord:
        """Raises JobNotFoundError."""
        ...

    async def list_jobs(self, owner: str, after: str, size: int) -> tuple[list[str], str]:
        """A page of an owner's jobs, newest first, and where the next page begins ("" if there is none)."""
        ...

    async def add_attachment(self, owner: str, name: str, sha256: str) -> None: ...

    async def attachments(self, owner: str, names: Sequence[str]) -> dict[str, str]: ...

    async def active(self, owner: str) -> list[str]: ...

    async def ahead(self, owner: str, job_id: str) -> int:
        """How many of an owner's jobs that wait or run were accepted before this one."""
        ...

    async def retire(self, job: JobRecord) -> None:
        """Takes a finished job out of the active ones and notes when it expires."""
        ...

    async def expired(self, owner: str) -> list[str]: ...

    async def referenced(self, owner: str) -> frozenset[str]:
        """The SHA-256 of every file that an owner's jobs and uploads refer to."""
        ...

    async def drop_attachments(self, owner: str, unused_seconds: float) -> None:
        """Forgets uploads that nothing has used for so long."""
        ...

    async def forget(self, job_id: str, owner: str) -> None: ...

    async def cancel(self, job_id: str) -> None: ...

    async def finish(self, job_id: str, status: str, reason: str, message: str) -> None:
        """Ends a job; one that is being cancelled ends in no other way."""
        ...

    async def pending(self, job_id: str, limit: int, also: Sequence[Step] = ()) -> tuple[list[Step], dict[Step, str]]:
        """The first steps that wait, at most `limit` for each resource, and the states of other steps."""
        ...

    async def states(self, job_id: str, steps: Sequence[Step]) -> dict[Step, str]: ...

    async def requeue_overdue(self, job_id: str) -> int: ...

    async def results(self, job_id: str, steps: Sequence[Step]) -> dict[Step, StepResult]: ...

    async def artifacts(self, job_id: str) -> dict[str, str]: ...

    async def claim(self, ref: StepRef, lease_seconds: float) -> Claim | Refusal: ...

    async def renew(self, claim: Claim, lease_seconds: float) -> Refusal | None: ...

    async def hand_back(self, claim: Claim) -> Refusal | None: ...

    async def retry(self, claim: Claim, event: AssetRetried, lease_seconds: float) -> Refusal | None: ...

    async def fail(self, claim: Claim, reason: str, message: str) -> Refusal | None:
        """Ends the job of a step that nothing stands in for."""
        ...

    async def done(self, claim: Claim, outcome: Outcome) -> Refusal | None: ...

    async def gauge(self, claim: Claim, percent: float) -> None: ...


class JobLog(Protocol):
    """A job's event log as this process has read it; it grows while it is followed."""

    @property
    def last(self) -> int:
        """The number of the last event that was read."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the last event is JobFinished."""
        ...

    @property
    def closing(self) -> bool:
        """Whether the job has finished or is being cancelled."""
        ...

    async def wait_until_needless(self) -> None:
        """Waits until work on the job is of no more use: it has finished, is being cancelled, was deleted, or the
        store has lost events of it. While the store is away and while the server drains, work in hand goes on."""
        ...

    async def wait_beyond(self, sequence: int, timeout_seconds: float) -> bool:
        """Waits for an event after `sequence`; False if none came in time. Raises JobNotFoundError if the job is
        deleted, ServerDrainingError when the server drains, StateStoreUnavailableError when the store is away, and
        LogForkedError when it has lost events that were read."""
        ...


class JobLogs(Protocol):
    """Follows the logs of jobs."""

    def follow(self, job_id: str) -> AbstractAsyncContextManager[JobLog]: ...
