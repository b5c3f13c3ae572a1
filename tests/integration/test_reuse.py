"""What a second job takes from the first, and what happens to stored files that are gone or damaged."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
from tests.robustness.history import record

from kinescribe.v1 import event_pb2, job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import Service

# The asynchronous stub's type is known to type checkers alone.
Stub: TypeAlias = "video_service_pb2_grpc.VideoServiceAsyncStub"

SMALL = job_pb2.VideoOptions(width=640, height=360)
SENTENCES = ("Rain falls.", "Rivers rise.", "Fields drink.", "Clouds leave.")


@pytest.fixture
async def stub(service: Service) -> AsyncIterator[Stub]:
    async with grpc.aio.insecure_channel(service.address) as channel:
        yield video_service_pb2_grpc.VideoServiceStub(channel)


def _script(*sentences: str) -> script_pb2.Script:
    scenes = [
        script_pb2.Scene(id=f"scene-{index}", title=f"Scene {index}", narration=sentence)
        for index, sentence in enumerate(sentences)
    ]
    return script_pb2.Script(title="Weather", language="en", scenes=scenes)


async def _film(stub: Stub, service: Service, *sentences: str) -> tuple[event_pb2.JobFinished, job_pb2.Job]:
    request = video_service_pb2.GenerateVideoRequest(script=_script(*sentences), options=SMALL)
    job_id = (await stub.GenerateVideo(request)).job.job_id
    history = await record(service.address, job_id)
    view = video_service_pb2.GetJobRequest(job_id=job_id, view=video_service_pb2.JOB_VIEW_FULL)
    return history.messages[-1].event.job_finished, (await stub.GetJob(view)).job


def _clips(job: job_pb2.Job) -> list[str]:
    return [artifact.sha256 for part in job.segments for artifact in part.artifacts if artifact.name.endswith(".mp4")]


async def test_a_changed_sentence_makes_its_own_speech_and_clip_and_the_film_and_nothing_else(
    service: Service, stub: Stub
) -> None:
    first, before = await _film(stub, service, *SENTENCES)
    second, after = await _film(stub, service, *SENTENCES[:2], "Fields drink deeply.", SENTENCES[3])
    changed = [index for index, (old, new) in enumerate(zip(_clips(before), _clips(after), strict=True)) if old != new]
    assert changed == [2]
    assert (first.cached_steps, first.made_steps) == (0, 3 * len(SENTENCES) + 1)
    assert (second.cached_steps, second.made_steps) == (3 * len(SENTENCES) - 2, 3)  # speech, clip, film
    assert first.cpu_time_saved.ToTimedelta().total_seconds() == 0
    spent, saved = (time.ToTimedelta() for time in (second.cpu_time_spent, second.cpu_time_saved))
    assert saved.total_seconds() > 0 < spent.total_seconds()
    assert saved < first.cpu_time_spent.ToTimedelta()


@pytest.mark.parametrize("fault", ["damaged", "missing"])
async def test_a_stored_clip_that_is_damaged_or_missing_is_made_again(
    service: Service, stub: Stub, data_folder: Path, fault: str
) -> None:
    _, before = await _film(stub, service, *SENTENCES)
    sha256 = _clips(before)[1]
    stored = data_folder / "artifacts" / sha256[:2] / sha256
    whole = stored.read_bytes()
    if fault == "damaged":
        stored.write_bytes(whole[:1000])
    else:
        stored.unlink()
    finished, after = await _film(stub, service, *SENTENCES[:3], "Clouds stay.")
    assert finished.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert _clips(after)[1] == sha256
    assert stored.read_bytes() == whole
