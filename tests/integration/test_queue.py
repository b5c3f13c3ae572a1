"""A job that waits knows how many are before it, and one that runs how long it may still take."""

from pathlib import Path

import grpc
from tests.robustness.history import record

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import run_service
from kinescribe_server.config import Settings


def _script(name: str, scenes: int) -> script_pb2.Script:
    parts = [script_pb2.Scene(narration=f"{name} has a scene, and this is number {index}.") for index in range(scenes)]
    return script_pb2.Script(title=name, language="en", scenes=parts)


async def test_a_small_job_overtakes_a_large_one_and_both_tell_where_they_are(
    data_folder: Path, tmp_path: Path
) -> None:
    settings = Settings(kinescribe_render_workers=1)
    options = job_pb2.VideoOptions(width=320, height=320)
    async with (
        run_service(data_folder, log_file=tmp_path / "log", settings=settings) as service,
        grpc.aio.insecure_channel(service.address) as channel,
    ):
        stub = video_service_pb2_grpc.VideoServiceStub(channel)

        async def start(script: script_pb2.Script) -> job_pb2.Job:
            request = video_service_pb2.GenerateVideoRequest(script=script, options=options)
            return (await stub.GenerateVideo(request)).job

        async def look(job_id: str) -> job_pb2.Job:
            return (await stub.GetJob(video_service_pb2.GetJobRequest(job_id=job_id))).job

        large = await start(_script("Large", 60))
        small = await start(_script("Small", 1))
        assert small.progress.queue_position == 1
        assert large.progress.queue_position == 0
        await record(service.address, small.job_id)
        overtaken = await look(large.job_id)
        assert (await look(small.job_id)).status == job_pb2.JOB_STATUS_SUCCEEDED
        assert overtaken.status == job_pb2.JOB_STATUS_RUNNING
        await record(service.address, large.job_id, stop_at=60)
        later = await look(large.job_id)
        assert later.progress.time_left.ToTimedelta().total_seconds() > 0
        await stub.CancelJob(video_service_pb2.CancelJobRequest(job_id=large.job_id))
        await record(service.address, large.job_id)
        assert not (await look(large.job_id)).progress.HasField("time_left")
