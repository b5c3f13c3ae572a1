"""A step has three attempts in all, and what fails for good costs its own segment and nothing else."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
import redis.asyncio as redis
from tests.robustness.history import record
from tests.robustness.makers import calls
from tests.robustness.validate import History, problems_of

from kinescribe.v1 import event_pb2, job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import maker_table, run_service
from kinescribe_server.config import Settings
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.jobs.model import Resource
from kinescribe_server.store.embedded import socket_url
from kinescribe_server.store.keys import JobKeys

SMALL = job_pb2.VideoOptions(width=640, height=360)


def _kinds(history: History) -> list[str]:
    return [event.WhichOneof("type") or "" for event in history.events]


@pytest.mark.parametrize(
    ("fault", "reason", "heard"),
    [("refuses_several_states", "NO_STATES", True), ("dies_of_sound", "WORKER_LOST", False)],
)
async def test_a_clip_that_cannot_be_rendered_is_a_card_that_says_so(
    tmp_path: Path, fault: str, reason: str, heard: bool
) -> None:
    settings = Settings(kinescribe_drain_seconds=0)
    clips = (MakerSpec(fault, f"tests.robustness.makers:{fault}"),)
    makers = dataclasses.replace(maker_table(settings), clips=clips)
    bullets = [script_pb2.Bullet(text=text) for text in ("Falls", "Runs")]
    block = script_pb2.SlideBlock(bullets=script_pb2.BulletList(items=bullets))
    slide = script_pb2.Slide(title="Rain", blocks=[block])
    scene = script_pb2.Scene(narration="Rain falls and runs.", visual=script_pb2.Visual(slide=slide))
    request = video_service_pb2.GenerateVideoRequest(script=script_pb2.Script(scenes=[scene]), options=SMALL)
    async with (
        run_service(tmp_path / "data", log_file=tmp_path / "log", settings=settings, makers=makers) as service,
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        job_id = (await stub.GenerateVideo(request)).job.job_id
        history = await record(service.address, job_id)
        job = (await stub.GetJob(video_service_pb2.GetJobRequest(job_id=job_id))).job
    assert problems_of(history) == []
    assert job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert history.events[-1].job_finished.degraded_segments == 1
    assert reason in {warning.reason for warning in job.warnings}
    assert (job.video.duration.ToTimedelta().total_seconds() < 2.5) == heard  # unspoken scenes are shown for three


@asynccontextmanager
async def _service_whose_slides(
    fault: str, folder: Path, *distributions: str, lease: float = 15.0
) -> AsyncIterator[tuple[str, Path]]:
    """A service in which slides are made by a maker that fails; its address, and where the calls are counted."""
    settings = Settings(kinescribe_drain_seconds=0, kinescribe_lease_seconds=lease)
    table = maker_table(settings)
    slide = MakerSpec(fault, f"tests.robustness.makers:{fault}", distributions)
    makers = dataclasses.replace(table, visuals={**table.visuals, "slide": (slide,)})
    counted = folder / "calls"
    counted.mkdir()
    async with run_service(
        folder / "data", log_file=folder / "service.log", settings=settings, makers=makers
    ) as service:
        yield service.address, counted


async def _start(address: str, counted: Path) -> str:
    """A job of two scenes, of which the first needs the failing maker."""
    scenes = [
        script_pb2.Scene(visual=script_pb2.Visual(slide=script_pb2.Slide(title=str(counted)))),
        script_pb2.Scene(visual=script_pb2.Visual(formula=script_pb2.Formula(latex="a^2 + b^2 = c^2"))),
    ]
    async with grpc.aio.insecure_channel(address) as channel:
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        request = video_service_pb2.GenerateVideoRequest(script=script_pb2.Script(scenes=scenes), options=SMALL)
        return str((await stub.GenerateVideo(request)).job.job_id)


async def test_what_fails_twice_succeeds_at_the_third_attempt(tmp_path: Path) -> None:
    async with _service_whose_slides("fails_twice", tmp_path) as (address, counted):
        history = await record(address, await _start(address, counted))
        assert calls(counted) == 3
    assert problems_of(history) == []
    retries = [event.asset_retried for event in history.events if event.WhichOneof("type") == "asset_retried"]
    assert [retry.attempt for retry in retries] == [1, 2]
    assert {retry.reason for retry in retries} == {"not yet"}
    first, second = (retry.delay.ToTimedelta().total_seconds() for retry in retries)
    assert 0.5 <= first <= 1.0
    assert 1.0 <= second <= 1.5
    assert "asset_degraded" not in _kinds(history)


@pytest.mark.parametrize(("fault", "reason"), [("always_breaks", "MAKER_FAILED"), ("kills_its_worker", "WORKER_LOST")])
async def test_what_fails_three_times_costs_its_own_segment(tmp_path: Path, fault: str, reason: str) -> None:
    async with _service_whose_slides(fault, tmp_path) as (address, counted):
        history = await record(address, await _start(address, counted))
        assert calls(counted) == 3
    assert problems_of(history) == []
    kinds = _kinds(history)
    assert kinds.count("asset_retried") == 2
    assert kinds.count("asset_degraded") == 1
    degraded = next(event for event in history.events if event.WhichOneof("type") == "asset_degraded")
    assert degraded.asset_degraded.reason == reason
    assert history.events[-1].job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert history.events[-1].job_finished.degraded_segments == 1


async def test_what_was_lost_with_three_workers_is_not_begun_again(tmp_path: Path) -> None:
    """Attempts count at the claim: a step that takes its whole worker along has three, as any other."""
    async with _service_whose_slides("never_ends", tmp_path, lease=1.0) as (address, counted):
        job_id = await _start(address, counted)
        async with asyncio.timeout(60.0):
            while not calls(counted):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        async with redis.Redis.from_url(socket_url(tmp_path / "data" / "valkey")) as client:
            await client.hset(JobKeys(job_id).steps, "visual:0", "pending 3")  # the third lease ran out
            await client.zadd(JobKeys(job_id).pending(Resource.VISUAL), {"visual:0": 0})
        history = await record(address, job_id)
        assert calls(counted) == 1
    assert problems_of(history) == []
    degraded = next(event for event in history.events if event.WhichOneof("type") == "asset_degraded")
    assert degraded.asset_degraded.reason == "WORKER_LOST"
    assert history.events[-1].job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED


async def test_a_fault_in_the_service_itself_costs_its_own_segment(tmp_path: Path) -> None:
    """Nobody can tell the version of what is not installed, which is found before any maker is called."""
    async with _service_whose_slides("fails_twice", tmp_path, "no-such-distribution") as (address, counted):
        history = await record(address, await _start(address, counted))
        assert calls(counted) == 0
    assert problems_of(history) == []
    kinds = _kinds(history)
    assert kinds.count("asset_retried") == 2
    degraded = next(event for event in history.events if event.WhichOneof("type") == "asset_degraded")
    assert degraded.asset_degraded.reason == "INTERNAL"
    assert history.events[-1].job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert history.events[-1].job_finished.degraded_segments == 1


async def test_a_cancel_ends_a_maker_that_never_would(tmp_path: Path) -> None:
    async with _service_whose_slides("never_ends", tmp_path) as (address, counted):
        job_id = await _start(address, counted)
        async with grpc.aio.insecure_channel(address) as channel:
            stub = video_service_pb2_grpc.VideoServiceStub(channel)
            async for message in stub.WatchJob(
                video_service_pb2.WatchJobRequest(job_id=job_id, include_gauges=True), timeout=60
            ):
                if message.gauge.step == event_pb2.STEP_KIND_VISUAL and not message.gauge.segment_index:
                    break
            asked = time.monotonic()
            await stub.CancelJob(video_service_pb2.CancelJobRequest(job_id=job_id))
            history = await record(address, job_id)
        seconds = time.monotonic() - asked
        # The worker is free: the next job does not wait behind it.
        other = await record(address, await _start(address, counted), stop_at=3)
    print(f"from CancelJob to JobFinished: {seconds:.3f} s")  # noqa: T201
    assert _kinds(history)[-2:] == ["cancel_requested", "job_finished"]
    assert problems_of(history) == []
    assert len(other.events) == 3
