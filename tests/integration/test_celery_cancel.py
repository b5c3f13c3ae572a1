"""A cancelled job frees its workers, also inside native code."""

import asyncio
import dataclasses
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from tests.robustness import processes
from tests.robustness.makers import calls as count_calls

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import maker_table, run_service, run_worker
from kinescribe_server.config import Settings
from kinescribe_server.jobs.makers import MakerSpec

_JOBS = 5
_START_SECONDS = 30.0


async def test_a_cancelled_job_frees_its_worker_within_a_second(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(engine="celery")
    table = maker_table(settings)
    endless = MakerSpec("endless", "tests.robustness.makers:never_ends")
    makers = dataclasses.replace(table, visuals={**table.visuals, "slide": (endless,)})
    async with (
        run_service(data_folder, log_file=tmp_path / "log", settings=settings, makers=makers) as service,
        run_worker(data_folder, ["script", "visual"], settings=settings, makers=makers),
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        folders = [tmp_path / f"calls-{number}" for number in range(_JOBS)]
        for folder in folders:
            folder.mkdir()
        seconds = [await _seconds_to_idle(stub, folder) for folder in folders]
    with capsys.disabled():
        print(f"\ncancel to idle worker, s: {', '.join(f'{each:.2f}' for each in seconds)}")  # noqa: T201
    assert statistics.median(seconds) < 1.0


async def _seconds_to_idle(stub: "video_service_pb2_grpc.VideoServiceAsyncStub", calls: Path) -> float:
    """From CancelJob to the end of the process that would never have ended."""
    scene = script_pb2.Scene(narration="Rain.", visual=script_pb2.Visual(slide=script_pb2.Slide(title=str(calls))))
    request = video_service_pb2.GenerateVideoRequest(script=script_pb2.Script(scenes=[scene]))
    job_id = (await stub.GenerateVideo(request)).job.job_id
    await _until(lambda: count_calls(calls) > 0)
    before = set(processes.worker_children(os.getpid()))
    begun = time.monotonic()
    await stub.CancelJob(video_service_pb2.CancelJobRequest(job_id=job_id))
    await _until(lambda: not all(processes.is_running(pid) for pid in before))
    seconds = time.monotonic() - begun
    job = (await stub.GetJob(video_service_pb2.GetJobRequest(job_id=job_id))).job
    assert job.status in {job_pb2.JOB_STATUS_CANCELLING, job_pb2.JOB_STATUS_CANCELLED}
    return seconds


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)
