"""The composer: what one result brings about, all or nothing, on a real Valkey."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.jobs.errors import JobNotFoundError
from kinescribe_server.jobs.events import AssetRetried, LogEntry
from kinescribe_server.jobs.model import JobRequest, JobStatus, Options, Step, StepKind, StepRef, StepResult
from kinescribe_server.jobs.outcomes import outcome_of
from kinescribe_server.store.connection import connect
from kinescribe_server.store.embedded import EmbeddedValkey
from kinescribe_server.store.event_log import read_after
from kinescribe_server.store.job_store import RedisJobStore
from kinescribe_server.store.protocol import Admission, Claim, Limits, Refusal, Reservation

JOB = "0123456789abcdef"
OPTIONS = Options(voice="heart", theme="light")
FILE = StoredFile("0" * 64, 1, "application/octet-stream", 1.0)
SCRIPT, COMPOSE = Step(StepKind.SCRIPT), Step(StepKind.COMPOSE)


def _speech(segment: int) -> Step:
    return Step(StepKind.SPEECH, segment)


def _visual(segment: int) -> Step:
    return Step(StepKind.VISUAL, segment)


def _render(segment: int) -> Step:
    return Step(StepKind.RENDER, segment)


RESULTS = {
    StepKind.SCRIPT: StepResult({"script": FILE}, {"segments": 2}, "offline"),
    StepKind.SPEECH: StepResult({"audio": FILE}, {"duration": 1.0}, "hibari"),
    StepKind.VISUAL: StepResult({"state-00": FILE}, {"states": [{"picture": "state-00", "cue": ""}]}, "slide"),
    StepKind.RENDER: StepResult({"clip": FILE}, {"duration": 1.0, "frames": 30, "speech_start": 0.2}, "clip"),
    StepKind.COMPOSE: StepResult({"film.mp4": FILE}, {"duration": 2.0}, "film"),
}


class Desk:
    """A store with one job of two segments on it."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self.store = RedisJobStore(client)

    async def claim(self, step: Step, lease: float = 15.0) -> Claim:
        claim = await self.store.claim(StepRef(JOB, step), lease)
        assert isinstance(claim, Claim)
        return claim

    async def finish(self, claim: Claim, degraded: str = "", options: Options = OPTIONS) -> Refusal | None:
        step = claim.ref.step
        made = RESULTS[step.kind]
        result = StepResult(made.files, made.details, made.maker, degraded=degraded)
        return await self.store.done(claim, outcome_of(step, result, options, [], "why" if degraded else ""))

    async def do(self, *steps: Step) -> None:
        for step in steps:
            assert await self.finish(await self.claim(step)) is None

    async def log(self) -> list[LogEntry]:
        return await read_after(self.client, JOB, 0)

    async def kinds(self) -> list[str]:
        return [entry.event.type for entry in await self.log()]


@pytest.fixture
async def desk(valkey: EmbeddedValkey) -> AsyncIterator[Desk]:
    client = connect(valkey.url)
    desk = Desk(client)
    await desk.store.create(JOB, "local", JobRequest("0" * 64, False, OPTIONS, {"team": "docs"}))
    yield desk
    await client.aclose()


async def test_a_new_job_has_one_event_and_one_step(desk: Desk) -> None:
    assert await desk.kinds() == ["job_accepted"]
    assert await desk.store.pending(JOB, 10) == ([SCRIPT], {})
    assert (await desk.store.get(JOB)).status is JobStatus.PENDING


async def test_creating_a_job_again_changes_nothing(desk: Desk) -> None:
    await desk.store.create(JOB, "local", JobRequest("1" * 64, False, OPTIONS))
    assert await desk.kinds() == ["job_accepted"]
    assert (await desk.store.get(JOB)).request.source == "0" * 64


async def test_a_whole_job_is_written_in_order(desk: Desk) -> None:
    await desk.do(SCRIPT, _speech(0), _visual(0), _render(0), _visual(1), _speech(1), _render(1), COMPOSE)
    assert await desk.kinds() == [
        *("job_accepted", "script_ready"),
        *("audio_ready", "visual_ready", "segment_render_ready", "segment_rendered"),
        *("visual_ready", "audio_ready", "segment_render_ready", "segment_rendered"),
        *("video_ready", "job_finished"),
    ]
    assert [entry.sequence for entry in await desk.log()] == list(range(1, 13))
    job = await desk.store.get(JOB)
    assert job.status is JobStatus.SUCCEEDED
    assert job.sequence == 12
    assert set(await desk.store.artifacts(JOB)) == {
        *("script.json", "film.mp4", "segments/0000/audio.wav", "segments/0001/audio.wav"),
        *("segments/0000/state-00.png", "segments/0001/state-00.png"),
        *("segments/0000/clip.mp4", "segments/0001/clip.mp4"),
    }


async def test_render_ready_is_said_once_whoever_comes_second(desk: Desk) -> None:
    await desk.do(SCRIPT)
    claims = [await desk.claim(step) for step in (_speech(0), _visual(0), _speech(1), _visual(1))]
    await asyncio.gather(*(desk.finish(claim) for claim in claims))
    assert (await desk.kinds()).count("segment_render_ready") == 2


async def test_only_one_of_many_claims_a_step(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.store.claim(StepRef(JOB, SCRIPT), 15.0) for _ in range(20)))
    assert [isinstance(answer, Claim) for answer in answers].count(True) == 1
    assert answers.count(Refusal.TAKEN) == 19


async def test_a_result_counts_once(desk: Desk) -> None:
    claim = await desk.claim(SCRIPT)
    assert await desk.finish(claim) is None
    assert await desk.finish(claim) is Refusal.LOST
    assert await desk.kinds() == ["job_accepted", "script_ready"]


async def test_a_worker_that_lost_its_lease_cannot_write(desk: Desk) -> None:
    zombie = await desk.claim(SCRIPT, lease=0.0)
    current = await desk.claim(SCRIPT)
    assert current.attempt == 2
    assert await desk.finish(zombie) is Refusal.LOST
    assert await desk.store.renew(zombie, 15.0) is Refusal.LOST
    assert await desk.finish(current) is None


async def test_an_overdue_step_is_pending_again(desk: Desk) -> None:
    await desk.claim(SCRIPT, lease=0.0)
    assert await desk.store.pending(JOB, 10) == ([], {})
    assert await desk.store.requeue_overdue(JOB) == 1
    assert await desk.store.pending(JOB, 10) == ([SCRIPT], {})


async def test_handing_back_costs_no_attempt(desk: Desk) -> None:
    assert await desk.store.hand_back(await desk.claim(SCRIPT)) is None
    assert (await desk.claim(SCRIPT)).attempt == 1


async def test_a_failed_attempt_is_told_and_the_next_one_counts_on(desk: Desk) -> None:
    claim = await desk.claim(SCRIPT)
    assert await desk.store.retry(claim, AssetRetried(None, StepKind.SCRIPT, 1, "why", 0.5), 15.0) is None
    assert (await desk.kinds())[-1] == "asset_retried"
    assert (await desk.claim(SCRIPT)).attempt == 2


async def test_after_a_cancel_nothing_comes_but_the_end(desk: Desk) -> None:
    await desk.do(SCRIPT)
    in_hand = await desk.claim(_speech(0))
    await desk.store.cancel(JOB)
    await desk.store.cancel(JOB)
    assert await desk.finish(in_hand) is Refusal.CLOSED
    assert await desk.store.renew(in_hand, 15.0) is Refusal.CLOSED
    assert await desk.store.claim(StepRef(JOB, _visual(0)), 15.0) is Refusal.CLOSED
    await desk.store.finish(JOB, "cancelled", "CANCELLED", "the job was cancelled")
    await desk.store.finish(JOB, "failed", "LATE", "too late")
    assert (await desk.kinds())[2:] == ["cancel_requested", "job_finished"]
    assert (await desk.store.get(JOB)).status is JobStatus.CANCELLED


async def test_a_step_that_fails_for_good_ends_its_job(desk: Desk) -> None:
    assert await desk.store.fail(await desk.claim(SCRIPT), "NOTHING_TO_SAY", "why") is None
    job = await desk.store.get(JOB)
    assert (job.status, job.error_reason, job.error_message) == (JobStatus.FAILED, "NOTHING_TO_SAY", "why")


async def test_a_worker_that_lost_its_lease_cannot_end_the_job(desk: Desk) -> None:
    zombie = await desk.claim(SCRIPT, lease=0.0)
    current = await desk.claim(SCRIPT)
    assert await desk.store.fail(zombie, "TIME_LIMIT", "too slow") is Refusal.LOST
    assert await desk.finish(current) is None
    assert await desk.store.fail(zombie, "TIME_LIMIT", "too slow") is Refusal.LOST
    assert (await desk.store.get(JOB)).status is JobStatus.RUNNING


async def test_a_cancelled_job_ends_as_cancelled_whatever_fails_or_runs_out_meanwhile(desk: Desk) -> None:
    in_hand = await desk.claim(SCRIPT)
    await desk.store.cancel(JOB)
    assert await desk.store.fail(in_hand, "TIME_LIMIT", "too slow") is Refusal.CLOSED
    await desk.store.finish(JOB, "failed", "DEADLINE_EXCEEDED", "too late")
    assert await desk.kinds() == ["job_accepted", "cancel_requested"]
    await desk.store.finish(JOB, "cancelled", "CANCELLED", "the job was cancelled")
    assert (await desk.store.get(JOB)).status is JobStatus.CANCELLED


async def test_cancelling_a_finished_job_leaves_it_as_it_is(desk: Desk) -> None:
    await desk.store.finish(JOB, "failed", "X", "x")
    await desk.store.cancel(JOB)
    assert (await desk.kinds())[-1] == "job_finished"
    assert (await desk.store.get(JOB)).status is JobStatus.FAILED


async def test_a_degraded_segment_is_told_and_the_job_goes_on(desk: Desk) -> None:
    await desk.do(SCRIPT, _speech(0))
    await desk.finish(await desk.claim(_visual(0)), degraded="DIAGRAM_INVALID")
    assert (await desk.kinds())[2:] == ["audio_ready", "visual_ready", "asset_degraded", "segment_render_ready"]


async def test_under_strict_a_degraded_segment_ends_the_job(desk: Desk) -> None:
    strict = Options(voice="heart", theme="light", strict=True)
    await desk.do(SCRIPT)
    await desk.finish(await desk.claim(_visual(1)), degraded="DIAGRAM_INVALID", options=strict)
    assert (await desk.kinds())[2:] == ["visual_ready", "asset_degraded", "job_finished"]
    job = await desk.store.get(JOB)
    assert (job.status, job.error_reason) == (JobStatus.FAILED, "DEGRADED")
    assert await desk.store.pending(JOB, 10) == ([], {})


async def test_each_event_is_chained_to_the_one_before(desk: Desk) -> None:
    await desk.do(SCRIPT, _speech(0))
    chains = [entry.chain for entry in await desk.log()]
    assert len(set(chains)) == len(chains)
    assert all(len(chain) == 40 for chain in chains)


async def test_the_same_request_id_with_the_same_payload_is_the_same_job(desk: Desk) -> None:
    first = await desk.store.reserve("local", "once", "hash", "job-a", Limits())
    again = await asyncio.gather(*(desk.store.reserve("local", "once", "hash", f"job-{n}", Limits()) for n in range(8)))
    other = await desk.store.reserve("local", "once", "other hash", "job-z", Limits())
    assert first == Reservation(Admission.NEW, "job-a")
    assert set(again) == {Reservation(Admission.SAME, "job-a")}
    assert other == Reservation(Admission.REUSED, "job-a")


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (Limits(queue=3), Admission.FULL),
        (Limits(jobs_of_owner=3), Admission.TOO_MANY_JOBS),
        (Limits(requests_a_minute=3), Admission.TOO_MANY_REQUESTS),
    ],
)
async def test_no_more_than_the_limit_is_admitted(desk: Desk, limits: Limits, refusal: Admission) -> None:
    answers = [await desk.store.reserve("local", "", "", f"job-{n}", limits) for n in range(5)]
    assert [answer.admission for answer in answers] == [Admission.NEW] * 3 + [refusal] * 2
    other_owner = await desk.store.reserve("other", "", "", "job-9", limits)
    assert other_owner.admission is Admission.NEW
    assert (0 < answers[-1].retry_seconds <= 60) == (refusal is Admission.TOO_MANY_REQUESTS)


async def test_an_owner_who_has_used_up_the_film_of_the_day_waits(desk: Desk) -> None:
    await desk.client.set("ks:{owner:local}:film", "61.5", ex=3600)
    answer = await desk.store.reserve("local", "", "", "job-a", Limits(film_seconds_a_day=60))
    assert answer.admission is Admission.TOO_MUCH_FILM
    assert 3590 < answer.retry_seconds <= 3600


async def test_a_forgotten_job_is_not_there(desk: Desk) -> None:
    await desk.store.forget(JOB, "local")
    with pytest.raises(JobNotFoundError):
        await desk.store.get(JOB)
    assert await desk.store.claim(StepRef(JOB, SCRIPT), 15.0) is Refusal.ABSENT
    assert [key async for key in desk.client.scan_iter("*")] == []


async def test_jobs_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    for number in range(5):
        await desk.store.reserve("someone", "", "", f"job-{number}", Limits())
    first, token = await desk.store.list_jobs("someone", "", 3)
    rest, end = await desk.store.list_jobs("someone", token, 3)
    assert len(first) == 3
    assert end == ""
    assert sorted(first + rest) == [f"job-{number}" for number in range(5)]
