"""The synchronous stubs that most clients use, against the asynchronous server, through pytest-grpc's fixtures.

pytest-grpc builds synchronous servers; here its fixtures are given the real service, which runs in a thread of its own.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.app import run_service

Stub = video_service_pb2_grpc.VideoServiceStub


def _serve(folder: Path, address: "Future[str]", stop: "Future[Callable[[], object]]") -> None:
    async def serve() -> None:
        stopped = asyncio.Event()
        async with run_service(folder / "data", log_file=folder / "service.log") as service:
            loop = asyncio.get_running_loop()
            stop.set_result(partial(loop.call_soon_threadsafe, stopped.set))
            address.set_result(service.address)
            await stopped.wait()

    try:
        asyncio.run(serve())
    except BaseException as error:
        if not address.done():
            address.set_exception(error)
        raise


@pytest.fixture(scope="module")
def grpc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's address, in place of pytest-grpc's server."""
    address: Future[str] = Future()
    stop: Future[Callable[[], object]] = Future()
    thread = threading.Thread(target=_serve, args=(tmp_path_factory.mktemp("service"), address, stop))
    thread.start()
    yield address.result(60)
    stop.result(60)()
    thread.join(60)


@pytest.fixture(scope="module")
def grpc_create_channel(grpc_server: str) -> Callable[..., grpc.Channel]:
    return lambda credentials=None, options=None: grpc.insecure_channel(grpc_server, options)


@pytest.fixture(scope="module")
def grpc_stub_cls() -> object:
    return Stub


def _violations(stub: Stub, request: video_service_pb2.GenerateVideoRequest) -> dict[str, str]:
    with pytest.raises(grpc.RpcError) as caught:
        stub.GenerateVideo(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(caught.value)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.domain, info.reason) == ("kinescribe", "INVALID_REQUEST")
    return {violation.field: violation.description for violation in bad.field_violations}


def _reason(error: grpc.RpcError) -> str:
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(error).details[0].Unpack(info)
    return str(info.reason)


def test_every_violation_comes_back_at_once_and_no_job_is_made(grpc_stub: Stub) -> None:
    request = video_service_pb2.GenerateVideoRequest(
        source_text=" \n ",
        options=job_pb2.VideoOptions(
            voice="bob", theme="plaid", width=1921, height=100, frame_rate=23, speaking_rate=9, writer="x"
        ),
        request_id="é",
        labels={"": "x"},
        execution_timeout=Duration(seconds=-1),
    )
    violations = _violations(grpc_stub, request)
    assert set(violations) == {
        *("source_text", "options.voice", "options.theme", "options.width", "options.height", "options.frame_rate"),
        *("options.speaking_rate", "options.writer", "request_id", "labels", "execution_timeout"),
    }
    assert '"bob" is not known; allowed: ' in violations["options.voice"]
    assert "24, 25, 30, 50, 60" in violations["options.frame_rate"]
    assert "-1 s" in violations["execution_timeout"]
    assert not grpc_stub.ListJobs(video_service_pb2.ListJobsRequest()).jobs


def test_text_over_the_limit_is_refused_with_the_limit(grpc_stub: Stub) -> None:
    violations = _violations(grpc_stub, video_service_pb2.GenerateVideoRequest(source_text="x" * 200_001))
    assert violations == {"source_text": "the text has 200001 characters; at most 200000 are allowed"}


def test_a_request_without_a_source_is_refused(grpc_stub: Stub) -> None:
    assert set(_violations(grpc_stub, video_service_pb2.GenerateVideoRequest())) == {"source"}


def test_a_bad_script_is_refused_scene_by_scene(grpc_stub: Stub) -> None:
    scenes = [
        script_pb2.Scene(),
        script_pb2.Scene(id="a b", narration="x" * 5_001),
        script_pb2.Scene(id="same", narration="Hello.", voice="bob"),
        script_pb2.Scene(id="same", narration="Hello.", pause_after=Duration(seconds=61)),
        script_pb2.Scene(
            narration="Hello.", visual=script_pb2.Visual(image=script_pb2.Image(attachment="never-uploaded.png"))
        ),
    ]
    request = video_service_pb2.GenerateVideoRequest(script=script_pb2.Script(scenes=scenes))
    assert set(_violations(grpc_stub, request)) == {
        *("script.scenes[0]", "script.scenes[1].id", "script.scenes[1].narration", "script.scenes[2].voice"),
        *("script.scenes[3].id", "script.scenes[3].pause_after"),
    }
    del scenes[:4]
    request = video_service_pb2.GenerateVideoRequest(script=script_pb2.Script(scenes=scenes))
    assert set(_violations(grpc_stub, request)) == {"script.scenes[0].visual.image.attachment"}


def test_too_many_scenes_are_refused(grpc_stub: Stub) -> None:
    script = script_pb2.Script(scenes=[script_pb2.Scene(narration="Hello.")] * 501)
    violations = _violations(grpc_stub, video_service_pb2.GenerateVideoRequest(script=script))
    assert violations == {"script.scenes": "501 scenes were given; 1 to 500 are allowed"}


def test_a_thousand_violations_fit_into_the_reply(grpc_stub: Stub) -> None:
    script = script_pb2.Script(scenes=[script_pb2.Scene(id="x" * 80, voice="y" * 5_000)] * 500)
    assert len(_violations(grpc_stub, video_service_pb2.GenerateVideoRequest(script=script))) > 5


def test_a_checked_request_makes_no_job(grpc_stub: Stub) -> None:
    request = video_service_pb2.GenerateVideoRequest(source_text="Hello.", validate_only=True)
    assert not grpc_stub.GenerateVideo(request).HasField("job")
    assert not grpc_stub.ListJobs(video_service_pb2.ListJobsRequest()).jobs


@pytest.mark.parametrize("job_id", ["nope", "", "{x}", "../..", "*"])
def test_an_unknown_job_is_not_found_by_any_call(grpc_stub: Stub, job_id: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: grpc_stub.GetJob(video_service_pb2.GetJobRequest(job_id=job_id)),
        lambda: grpc_stub.CancelJob(video_service_pb2.CancelJobRequest(job_id=job_id)),
        lambda: grpc_stub.DeleteJob(video_service_pb2.DeleteJobRequest(job_id=job_id)),
        lambda: list(grpc_stub.WatchJob(video_service_pb2.WatchJobRequest(job_id=job_id))),
        lambda: list(grpc_stub.DownloadArtifact(video_service_pb2.DownloadArtifactRequest(job_id=job_id, name="x"))),
    ]
    for call in calls:
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        assert _reason(caught.value) == "JOB_NOT_FOUND"


def test_an_upload_is_limited_in_type_and_size(grpc_stub: Stub) -> None:
    def parts(media_type: str, size: int) -> Iterator[video_service_pb2.UploadAttachmentRequest]:
        description = video_service_pb2.AttachmentDescription(media_type=media_type)
        yield video_service_pb2.UploadAttachmentRequest(description=description)
        for start in range(0, size, 1 << 20):
            yield video_service_pb2.UploadAttachmentRequest(chunk=b"x" * min(1 << 20, size - start))

    assert grpc_stub.UploadAttachment(parts("image/png", 1_000)).size_bytes == 1_000
    for media_type, size in (("image/png", 21 << 20), ("image/svg+xml", 10), ("image/png", 0)):
        with pytest.raises(grpc.RpcError) as caught:
            grpc_stub.UploadAttachment(parts(media_type, size))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_watch_beyond_the_last_event_is_out_of_range(grpc_stub: Stub) -> None:
    script = script_pb2.Script(scenes=[script_pb2.Scene(narration="Hello.")])
    job = grpc_stub.GenerateVideo(video_service_pb2.GenerateVideoRequest(script=script)).job
    for after, chain, code, reason in (
        (10_000, "", grpc.StatusCode.OUT_OF_RANGE, "SEQUENCE_IN_FUTURE"),
        (1, "0" * 40, grpc.StatusCode.DATA_LOSS, "LOG_FORKED"),
        (-1, "", grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
    ):
        request = video_service_pb2.WatchJobRequest(job_id=job.job_id, after_sequence=after, after_chain=chain)
        with pytest.raises(grpc.RpcError) as caught:
            list(grpc_stub.WatchJob(request))
        assert caught.value.code() is code
        assert _reason(caught.value) == reason
    grpc_stub.DeleteJob(video_service_pb2.DeleteJobRequest(job_id=job.job_id))
    with pytest.raises(grpc.RpcError) as caught:
        grpc_stub.GetJob(video_service_pb2.GetJobRequest(job_id=job.job_id))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_request_id_is_one_job(grpc_stub: Stub) -> None:
    script = script_pb2.Script(scenes=[script_pb2.Scene(narration="Hello.")])
    request = video_service_pb2.GenerateVideoRequest(script=script, request_id="0b9a7c3e")
    first, again = grpc_stub.GenerateVideo(request), grpc_stub.GenerateVideo(request)
    assert first.job.job_id == again.job.job_id
    assert (first.deduplicated, again.deduplicated) == (False, True)
    request.script.scenes[0].narration = "Hullo."
    with pytest.raises(grpc.RpcError) as caught:
        grpc_stub.GenerateVideo(request)
    assert _reason(caught.value) == "REQUEST_ID_REUSED"
    grpc_stub.DeleteJob(video_service_pb2.DeleteJobRequest(job_id=first.job.job_id))
