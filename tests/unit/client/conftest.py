"""A small real service: the contract over a real port, with a log of events that breaks where a test says so."""

# ruff: noqa: N802 -- the contract names its methods so

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from kinescribe.v1 import event_pb2, job_pb2, script_pb2, video_service_pb2_grpc
from kinescribe.v1 import video_service_pb2 as wire

JOB = "job-1"
ARTIFACT_CHUNK = 1_000

Context = grpc.aio.ServicerContext[Any, Any]


def event(sequence: int, **kind: Message) -> wire.WatchJobResponse:
    return wire.WatchJobResponse(
        event=event_pb2.JobEvent(sequence=sequence, chain=f"chain-{sequence}", job_id=JOB, **kind)  # type: ignore[arg-type]
    )


def history(events: int) -> list[wire.WatchJobResponse]:
    """Events 1, 2, … of which the last is JobFinished."""
    finished = event_pb2.JobFinished(status=job_pb2.JOB_STATUS_SUCCEEDED)
    middle = [event(n, segment_render_ready=event_pb2.SegmentRenderReady()) for n in range(2, events)]
    return [event(1, job_accepted=event_pb2.JobAccepted()), *middle, event(events, job_finished=finished)]


def fail_status(
    reason: str, message: str, *details: Message, code: grpc.StatusCode = grpc.StatusCode.ABORTED
) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in (error_details_pb2.ErrorInfo(reason=reason, domain="kinescribe"), *details):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


async def fail(context: Context, code: grpc.StatusCode, reason: str, message: str, *details: Message) -> None:
    """Ends a call as the service does: with google.rpc.Status in the trailing metadata."""
    status = fail_status(reason, message, *details, code=code)
    await context.abort(code, message, (("grpc-status-details-bin", status.SerializeToString()),))


# What one stream does: it is given the request and the context, and yields messages or ends the call.
Stream = Callable[[wire.WatchJobRequest, Context], AsyncIterator[wire.WatchJobResponse]]


@dataclass
class ScriptedService(video_service_pb2_grpc.VideoServiceServicer):
    """Streams of WatchJob follow the script, one entry for each call; the last entry serves all later calls."""

    streams: Sequence[Stream] = ()
    watches: list[wire.WatchJobRequest] = field(default_factory=list)
    requests: list[Message] = field(default_factory=list)
    streaming: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    content: bytes = b""
    sha256: str = ""
    cut_after_chunks: int | None = None
    offsets: list[int] = field(default_factory=list)
    unavailable_calls: int = 0
    jobs: Sequence[job_pb2.Job] = ()
    attachment: bytes = b""

    async def WatchJob(self, request: wire.WatchJobRequest, context: Context) -> AsyncIterator[wire.WatchJobResponse]:
        stream = self.streams[min(len(self.watches), len(self.streams) - 1)]
        self.watches.append(request)
        self.streaming.set()
        self.idle.clear()
        try:
            async for message in stream(request, context):
                yield message
        finally:
            self.streaming.clear()
            self.idle.set()

    async def GenerateVideo(self, request: wire.GenerateVideoRequest, context: Context) -> wire.GenerateVideoResponse:
        self.requests.append(request)
        if self.unavailable_calls:
            self.unavailable_calls -= 1
            await fail(context, grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING", "the server is going away")
        if request.options.voice:
            violation = error_details_pb2.BadRequest.FieldViolation(
                field="options.voice", description=f'"{request.options.voice}" is not known; allowed: heart'
            )
            details = error_details_pb2.BadRequest(field_violations=[violation])
            await fail(context, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", "1 violation", details)
        return wire.GenerateVideoResponse(job=job_pb2.Job(job_id=JOB))

    async def ListJobs(self, request: wire.ListJobsRequest, context: Context) -> wire.ListJobsResponse:
        self.requests.append(request)
        start = int(request.page_token or 0)
        end = start + request.page_size
        return wire.ListJobsResponse(
            jobs=self.jobs[start:end], next_page_token=str(end) if end < len(self.jobs) else ""
        )

    async def GetJob(self, request: wire.GetJobRequest, context: Context) -> wire.GetJobResponse:
        self.requests.append(request)
        return wire.GetJobResponse(job=job_pb2.Job(job_id=request.job_id))

    async def CancelJob(self, request: wire.CancelJobRequest, context: Context) -> wire.CancelJobResponse:
        self.requests.append(request)
        return wire.CancelJobResponse(job=job_pb2.Job(job_id=request.job_id, status=job_pb2.JOB_STATUS_CANCELLING))

    async def DeleteJob(self, request: wire.DeleteJobRequest, context: Context) -> wire.DeleteJobResponse:
        self.requests.append(request)
        return wire.DeleteJobResponse()

    async def PreviewScript(self, request: wire.PreviewScriptRequest, context: Context) -> wire.PreviewScriptResponse:
        self.requests.append(request)
        return wire.PreviewScriptResponse(script=script_pb2.Script(title=request.source_text))

    async def DownloadArtifact(
        self, request: wire.DownloadArtifactRequest, context: Context
    ) -> AsyncIterator[wire.DownloadArtifactResponse]:
        self.offsets.append(request.offset)
        if request.offset > len(self.content):
            await fail(context, grpc.StatusCode.OUT_OF_RANGE, "OFFSET_OUT_OF_RANGE", "the artifact is shorter")
        head = wire.DownloadArtifactResponse()
        head.artifact.name = request.name
        head.artifact.size_bytes = len(self.content)
        head.artifact.sha256 = self.sha256
        yield head
        for count, start in enumerate(range(request.offset, len(self.content), ARTIFACT_CHUNK)):
            if count == self.cut_after_chunks:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "cut")
            yield wire.DownloadArtifactResponse(chunk=self.content[start : start + ARTIFACT_CHUNK])

    async def UploadAttachment(
        self, requests: AsyncIterator[wire.UploadAttachmentRequest], context: Context
    ) -> wire.UploadAttachmentResponse:
        async for request in requests:
            self.requests.append(request)
            self.attachment += request.chunk
        return wire.UploadAttachmentResponse(attachment="picture-1", size_bytes=len(self.attachment))


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk with so little room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService()


@pytest.fixture
async def address(service: ScriptedService) -> AsyncIterator[str]:
    server = grpc.aio.server()
    video_service_pb2_grpc.add_VideoServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


@pytest.fixture
def free_address() -> str:
    """An address where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
