"""What a second job takes from the first, and what happens to stored files that are gone or damaged."""

import asyncio
import hashlib
import io
import math
import os
import struct
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
import redis.asyncio as redis
from tests.robustness.history import record

from kinescribe.v1 import event_pb2, job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import Service, run_service
from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.config import Settings
from kinescribe_server.store.embedded import socket_url
from kinescribe_server.store.keys import JobKeys

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


def _tone(seconds: float) -> bytes:
    """A WAV file with something to hear."""
    samples = [round(8_000 * math.sin(2 * math.pi * 220 * index / 8_000)) for index in range(round(8_000 * seconds))]
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return data.getvalue()


def _upload(data: bytes) -> list[video_service_pb2.UploadAttachmentRequest]:
    description = video_service_pb2.AttachmentDescription(media_type="audio/wav")
    return [
        video_service_pb2.UploadAttachmentRequest(description=description),
        video_service_pb2.UploadAttachmentRequest(chunk=data),
    ]


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


async def test_a_job_that_is_deleted_while_it_is_read_is_not_there(
    service: Service, stub: Stub, data_folder: Path
) -> None:
    """Between the two reads of a call, which is when the record was there and the results no longer are."""
    _, job = await _film(stub, service, SENTENCES[0])
    async with redis.Redis.from_url(socket_url(data_folder / "valkey")) as client:
        await client.delete(JobKeys(job.job_id).results)
    looking = stub.GetJob(video_service_pb2.GetJobRequest(job_id=job.job_id))
    assert await looking.code() == grpc.StatusCode.NOT_FOUND
    assert not (await stub.ListJobs(video_service_pb2.ListJobsRequest())).jobs


async def test_a_page_token_that_no_page_had_is_refused(stub: Stub) -> None:
    listing = stub.ListJobs(video_service_pb2.ListJobsRequest(page_token="the next one", page_size=-1))  # noqa: S106
    assert await listing.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert 'page_token: "the next one" is not' in (await listing.details() or "")
    assert "page_size: -1 is not" in (await listing.details() or "")


async def test_a_recording_that_is_gone_from_storage_costs_its_own_segment(
    service: Service, stub: Stub, data_folder: Path
) -> None:
    """Nobody can make again what was uploaded; a voice takes its place."""
    recording = _tone(seconds=1.0)
    uploaded = await stub.UploadAttachment(iter(_upload(recording)))
    sha256 = hashlib.sha256(recording).hexdigest()
    (data_folder / "artifacts" / sha256[:2] / sha256).unlink()
    script = _script(*SENTENCES[:2])
    script.scenes[0].audio_attachment = uploaded.attachment
    request = video_service_pb2.GenerateVideoRequest(script=script, options=SMALL)
    history = await record(service.address, (await stub.GenerateVideo(request)).job.job_id)
    finished = history.messages[-1].event.job_finished
    assert (finished.status, finished.degraded_segments) == (job_pb2.JOB_STATUS_SUCCEEDED, 1)
    degraded = [event.asset_degraded for event in history.events if event.HasField("asset_degraded")]
    assert [(event.segment_index, event.reason) for event in degraded] == [(0, "ARTIFACT_NOT_FOUND")]


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


async def test_a_service_that_runs_for_a_moment_removes_what_no_job_needs(
    data_folder: Path, settings: Settings
) -> None:
    """As `kinescribe render` does, time and again."""
    artifacts = ArtifactFolder(data_folder)
    two_hours_ago = time.time() - 7_200
    paths = [artifacts.path(artifacts.put_bytes(data, "text/plain").sha256) for data in (b"old", b"new")]
    os.utime(paths[0], (two_hours_ago, two_hours_ago))
    async with run_service(data_folder, log_file=data_folder / "log", settings=settings), asyncio.timeout(60):
        while paths[0].exists():  # noqa: ASYNC110 -- a file that goes tells nobody
            await asyncio.sleep(0.05)
    assert paths[1].exists()
