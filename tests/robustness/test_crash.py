"""A service that is killed in the middle of a job, and another that finishes it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from tests.robustness.history import record
from tests.robustness.validate import History, g4_stable, problems_of

from kinescribe.v1 import job_pb2, video_service_pb2, video_service_pb2_grpc

TEXT = "# Rain\n\n" + "\n\n".join(
    f"## Part {number}\n\nThis is part {number} of a text about rain.\n\n- It falls\n- It stops" for number in range(8)
)
_START_SECONDS = 60.0


@asynccontextmanager
async def _serving(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """`kinescribe serve` in a process of its own, and its address."""
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("kinescribe")), "serve", "--listen", "127.0.0.1:0", "--http", "off"),
        *("--data", str(folder)),
        env={**os.environ, "KINESCRIBE_LEASE_SECONDS": "2"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            async for line in process.stdout:
                entry = json.loads(line)
                if entry["message"] == "serving":
                    break
        reading = asyncio.create_task(process.stdout.read())  # so that the log never fills its pipe
        yield process, entry["address"]
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), _START_SECONDS)
    await reading


@pytest.mark.parametrize("killed_after", [2, 9, 20])
async def test_a_killed_service_is_finished_by_the_next_one(tmp_path: Path, killed_after: int) -> None:
    async with _serving(tmp_path) as (process, address):
        async with grpc.aio.insecure_channel(address) as channel:
            stub = video_service_pb2_grpc.VideoServiceStub(channel)
            options = job_pb2.VideoOptions(width=640, height=360)
            request = video_service_pb2.GenerateVideoRequest(source_text=TEXT, options=options)
            job_id = (await stub.GenerateVideo(request)).job.job_id
        before = await record(address, job_id, stop_at=killed_after)
        process.send_signal(signal.SIGKILL)
        await process.wait()

    async with _serving(tmp_path) as (_, address):
        resumed = await record(address, job_id, after_sequence=killed_after)
        whole = await record(address, job_id)

    assert g4_stable([before, resumed, whole]) == []
    assert problems_of(resumed) == []
    assert problems_of(whole) == []
    assert whole.events[-1].job_finished.status == job_pb2.JOB_STATUS_SUCCEEDED
    joined = History([*before.messages, *resumed.messages], times=())
    assert problems_of(joined) == []
