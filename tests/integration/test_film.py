"""From a text to a film, through the whole service."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import av
import grpc
import pytest
from tests.conftest import DATA
from tests.robustness.history import record
from tests.robustness.validate import g4_stable, g8_stored, problems_of

from kinescribe.v1 import artifact_pb2, job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import Service
from kinescribe_server.store.connection import connect

# The asynchronous stub's type is known to type checkers alone.
Stub: TypeAlias = "video_service_pb2_grpc.VideoServiceAsyncStub"

SMALL = job_pb2.VideoOptions(width=640, height=360)
MARKDOWN = DATA / "gradient-descent.md"
TITLE_ONLY = script_pb2.Scene(visual=script_pb2.Visual(slide=script_pb2.Slide(title="Hello")))


@pytest.fixture
async def stub(service: Service) -> AsyncIterator[Stub]:
    async with grpc.aio.insecure_channel(service.address) as channel:
        yield video_service_pb2_grpc.VideoServiceStub(channel)


async def _start(
    stub: Stub,
    source: str | script_pb2.Script,
    options: job_pb2.VideoOptions = SMALL,
) -> str:
    request = video_service_pb2.GenerateVideoRequest(options=options)
    if isinstance(source, str):
        request.source_text = source
    else:
        request.script.CopyFrom(source)
    return (await stub.GenerateVideo(request)).job.job_id


async def _download(stub: Stub, job_id: str, name: str, offset: int = 0) -> bytes:
    request = video_service_pb2.DownloadArtifactRequest(job_id=job_id, name=name, offset=offset)
    return b"".join([response.chunk async for response in stub.DownloadArtifact(request)])


async def _job(stub: Stub, job_id: str) -> job_pb2.Job:
    request = video_service_pb2.GetJobRequest(job_id=job_id, view=video_service_pb2.JOB_VIEW_FULL)
    return (await stub.GetJob(request)).job


async def test_a_markdown_file_becomes_a_film_and_its_story_keeps_every_promise(
    service: Service, stub: Stub, tmp_path: Path
) -> None:
    job_id = await _start(stub, MARKDOWN.read_text(), job_pb2.VideoOptions())
    watched, other = await asyncio.gather(record(service.address, job_id), record(service.address, job_id, stop_at=5))
    late = await record(service.address, job_id)
    resumed = await record(service.address, job_id, after_sequence=5)

    for history in (watched, late, resumed):
        assert problems_of(history) == []
    assert g4_stable([watched, other, late, resumed]) == []
    job = await _job(stub, job_id)
    assert job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert list(job.warnings) == []

    readable: dict[str, bool] = {}
    for artifact in [job.video.film, *job.video.extras, *(one for part in job.segments for one in part.artifacts)]:
        data = await _download(stub, job_id, artifact.name)
        readable[artifact.sha256] = hashlib.sha256(data).hexdigest() == artifact.sha256
        assert len(data) == artifact.size_bytes
    assert all(readable.values())

    def is_readable(_: str, artifact: artifact_pb2.Artifact) -> bool:
        return readable.get(artifact.sha256, artifact.name == "script.json")

    assert g8_stored(watched, is_readable) == []

    film = tmp_path / "film.mp4"
    film.write_bytes(await _download(stub, job_id, "film.mp4"))
    with av.open(str(film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.pix_fmt, video.width, video.height) == ("h264", "yuv420p", 1920, 1080)
        assert audio.codec_context.name == "aac"
        assert video.duration is not None and video.time_base is not None
        assert audio.duration is not None and audio.time_base is not None
        pictures, sound = float(video.duration * video.time_base), float(audio.duration * audio.time_base)
    segments = sum(part.duration.seconds + part.duration.nanos / 1e9 for part in job.segments)
    assert abs(pictures - sound) <= 1 / 30
    assert pictures == pytest.approx(segments, abs=1e-3)
    captions, transcripts = {"captions.vtt", "captions.srt"}, {"transcript.txt", "transcript.md"}
    others = {"poster.png", "report.json", "thumbnails.vtt", "thumbnails-00.jpg"}
    assert {extra.name for extra in job.video.extras} == captions | transcripts | others


async def test_a_subscription_that_is_cut_ten_times_during_a_job_loses_nothing(
    service: Service, stub: Stub, data_folder: Path
) -> None:
    text = "\n\n".join(f"## Part {number}\n\nThis is part {number} of a text about rain." for number in range(4))
    job_id = await _start(stub, text)
    watching = asyncio.create_task(record(service.address, job_id))
    valkey = connect(f"unix://{data_folder / 'valkey' / 'valkey.sock'}")
    for event in range(1, 11):
        await record(service.address, job_id, after_sequence=event - 1, stop_at=event)
        await valkey.client_kill_filter(_type="pubsub")
    await valkey.aclose()
    late = await record(service.address, job_id)
    watched = await watching
    assert problems_of(watched) == problems_of(late) == []
    assert g4_stable([watched, late]) == []
    assert len(watched.events) == len(late.events)


async def test_the_same_text_again_is_taken_from_storage(service: Service, stub: Stub) -> None:
    text = "# Water\n\nWater boils at one hundred degrees.\n\n- It freezes at zero\n- It covers most of the Earth\n"
    first = await record(service.address, await _start(stub, text))
    again = await record(service.address, await _start(stub, text))
    made, reused = first.events[-1].job_finished, again.events[-1].job_finished
    assert (made.cached_steps, reused.made_steps) == (0, 0)
    assert reused.cached_steps == made.made_steps
    for event in again.events:
        kind = event.WhichOneof("type") or ""
        detail = getattr(event, kind)
        if "cached" in detail.DESCRIPTOR.fields_by_name:
            assert detail.cached, kind
    assert first.events[-2].video_ready.video.film.sha256 == again.events[-2].video_ready.video.film.sha256


async def test_what_cannot_be_drawn_becomes_a_placeholder_and_the_film_is_delivered(
    service: Service, stub: Stub
) -> None:
    script = script_pb2.Script(
        title="Faults",
        scenes=[
            script_pb2.Scene(
                narration="A broken diagram.",
                visual=script_pb2.Visual(diagram=script_pb2.Diagram(source="flowchart LR\n  A --> ")),
            ),
            script_pb2.Scene(
                narration="A broken formula.",
                visual=script_pb2.Visual(formula=script_pb2.Formula(latex=r"\frac{1}{")),
            ),
            script_pb2.Scene(
                narration="An unknown type.",
                visual=script_pb2.Visual(other=script_pb2.OtherVisual(type_name="hologram", source="x")),
            ),
            script_pb2.Scene(narration="这是中文。", visual=TITLE_ONLY.visual),
        ],
    )
    job_id = await _start(stub, script)
    history = await record(service.address, job_id)
    assert problems_of(history) == []
    degraded = {
        event.asset_degraded.segment_index: event.asset_degraded.reason
        for event in history.events
        if event.WhichOneof("type") == "asset_degraded"
    }
    assert degraded == {0: "DIAGRAM_INVALID", 1: "FORMULA_INVALID", 2: "UNKNOWN_TYPE", 3: "VOICE_CANNOT_SPEAK"}
    job = await _job(stub, job_id)
    assert job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert {warning.segment_index for warning in job.warnings} == {0, 1, 2, 3}
    assert "line" in next(warning.message for warning in job.warnings if warning.segment_index == 0)


async def test_under_strict_the_same_fault_fails_the_job(service: Service, stub: Stub) -> None:
    broken = script_pb2.Visual(diagram=script_pb2.Diagram(source="flowchart LR\n  A --> "))
    script = script_pb2.Script(scenes=[script_pb2.Scene(narration="A broken diagram.", visual=broken)])
    job_id = await _start(stub, script, job_pb2.VideoOptions(width=640, height=360, strict=True))
    history = await record(service.address, job_id)
    assert problems_of(history) == []
    job = await _job(stub, job_id)
    assert job.status == job_pb2.JOB_STATUS_FAILED
    assert "strict" in job.error.message


async def test_a_cancelled_job_says_so_and_ends(service: Service, stub: Stub) -> None:
    text = "\n\n".join(f"## Part {number}\n\nThis is part {number} of a long text about rain." for number in range(60))
    job_id = await _start(stub, text)
    await record(service.address, job_id, stop_at=6)
    request = video_service_pb2.CancelJobRequest(job_id=job_id)
    await stub.CancelJob(request)
    await stub.CancelJob(request)
    history = await record(service.address, job_id)
    assert problems_of(history) == []
    assert [event.WhichOneof("type") for event in history.events[-2:]] == ["cancel_requested", "job_finished"]
    assert (await _job(stub, job_id)).error.code == grpc.StatusCode.CANCELLED.value[0]


async def test_a_job_that_takes_too_long_ends_with_its_deadline(service: Service, stub: Stub) -> None:
    text = "\n\n".join(f"## Part {number}\n\nThis is part {number} of a very long text." for number in range(200))
    request = video_service_pb2.GenerateVideoRequest(source_text=text)
    request.execution_timeout.seconds = 1
    job_id = (await stub.GenerateVideo(request)).job.job_id
    assert problems_of(await record(service.address, job_id)) == []
    assert (await _job(stub, job_id)).error.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]


async def test_text_of_which_no_script_can_be_made_fails_with_the_reason(service: Service, stub: Stub) -> None:
    job_id = await _start(stub, "<!-- nothing -->")
    assert problems_of(await record(service.address, job_id)) == []
    job = await _job(stub, job_id)
    assert job.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


async def test_a_preview_is_the_script_that_a_job_has(service: Service, stub: Stub) -> None:
    text = "# Water\n\nWater boils at one hundred degrees."
    preview = (await stub.PreviewScript(video_service_pb2.PreviewScriptRequest(source_text=text))).script
    job_id = await _start(stub, text)
    await record(service.address, job_id)
    assert preview == (await _job(stub, job_id)).script
    assert preview.title == "Water"


async def test_a_download_goes_on_where_it_broke_off(service: Service, stub: Stub) -> None:
    job_id = await _start(stub, script_pb2.Script(scenes=[TITLE_ONLY]))
    await record(service.address, job_id)
    whole = await _download(stub, job_id, "film.mp4")
    assert await _download(stub, job_id, "film.mp4", offset=1000) == whole[1000:]
    assert await _download(stub, job_id, "film.mp4", offset=len(whole)) == b""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _download(stub, job_id, "../../etc/passwd")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
