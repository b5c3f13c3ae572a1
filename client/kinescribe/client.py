"""The client: one method for each call of the service, with safe defaults."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from google.protobuf.duration_pb2 import Duration

from kinescribe.channel import open_channel
from kinescribe.download import download
from kinescribe.errors import translated
from kinescribe.reconnect import Reconnect
from kinescribe.v1 import artifact_pb2, catalog_service_pb2, job_pb2, script_pb2
from kinescribe.v1 import video_service_pb2 as wire
from kinescribe.v1.catalog_service_pb2_grpc import CatalogServiceStub
from kinescribe.v1.video_service_pb2_grpc import VideoServiceStub
from kinescribe.watch import DEFAULT_HEARTBEAT_SECONDS, Watch

if TYPE_CHECKING:
    from kinescribe.v1.catalog_service_pb2_grpc import CatalogServiceAsyncStub
    from kinescribe.v1.video_service_pb2_grpc import VideoServiceAsyncStub

DEFAULT_ADDRESS = "127.0.0.1:50051"
_CALL_SECONDS = 10.0
_UPLOAD_SECONDS = 300.0
# By default a language model has five minutes for a script, and the service gives up after twice that and one.
_PREVIEW_SECONDS = 660.0
# A message of an upload carries at most 1 MiB.
_UPLOAD_CHUNK_BYTES = 256 << 10

_Request_contra = TypeVar("_Request_contra", contravariant=True)
_Response_co = TypeVar("_Response_co", covariant=True)


class _Method(Protocol[_Request_contra, _Response_co]):
    def __call__(self, request: _Request_contra, *, timeout: float | None = None) -> Awaitable[_Response_co]: ...


class Client:
    """A connection to a service at a plain gRPC address. To be made and used in one event loop.

    Every method raises kinescribe.KinescribeError or one of its subclasses. Calls are repeated where that is safe, and
    give up after `call_seconds`; uploads and previews take longer. Watches and downloads go on where they broke off, as
    `reconnect` says.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        call_seconds: float = _CALL_SECONDS,
        reconnect: Reconnect | None = None,
    ) -> None:
        self.address = address
        self._call_seconds = call_seconds
        self._reconnect = reconnect or Reconnect()
        self._calls = open_channel(address)
        self._streams = open_channel(address)
        self._video: VideoServiceAsyncStub = VideoServiceStub(self._calls)
        self._video_streams: VideoServiceAsyncStub = VideoServiceStub(self._streams)
        self._catalog: CatalogServiceAsyncStub = CatalogServiceStub(self._calls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all calls and connections. Jobs go on."""
        await self._streams.close(None)
        await self._calls.close(None)

    async def _call(self, method: _Method[_Request_contra, _Response_co], request: _Request_contra) -> _Response_co:
        with translated():
            return await method(request, timeout=self._call_seconds)

    async def generate(
        self,
        *,
        text: str | None = None,
        script: script_pb2.Script | None = None,
        options: job_pb2.VideoOptions | None = None,
        request_id: str | None = None,
        labels: Mapping[str, str] | None = None,
        execution_timeout: timedelta | None = None,
        attachments: Mapping[str, str] | None = None,
        default_options: job_pb2.VideoOptions | None = None,
    ) -> job_pb2.Job:
        """Starts a job from a text or a script, and answers it. With the same request_id and the same rest it answers
        the same job; without one, a new one is made for this call.

        `attachments` names the uploads that hold the text's pictures, by the paths that the text has; `default_options`
        count where neither `options` nor the text's front matter say otherwise.
        """
        request = _generate_request(
            text, script, options=options, labels=labels, attachments=attachments, default_options=default_options
        )
        if execution_timeout is not None:
            duration = Duration()
            duration.FromTimedelta(execution_timeout)
            request.execution_timeout.CopyFrom(duration)
        request.request_id = request_id or str(uuid.uuid4())
        return (await self._call(self._video.GenerateVideo, request)).job

    async def validate(
        self,
        *,
        text: str | None = None,
        script: script_pb2.Script | None = None,
        options: job_pb2.VideoOptions | None = None,
        labels: Mapping[str, str] | None = None,
        attachments: Mapping[str, str] | None = None,
        default_options: job_pb2.VideoOptions | None = None,
    ) -> None:
        """Raises InvalidRequest if `generate` would. No job is created."""
        request = _generate_request(
            text, script, options=options, labels=labels, attachments=attachments, default_options=default_options
        )
        request.validate_only = True
        await self._call(self._video.GenerateVideo, request)

    def watch(
        self,
        job_id: str,
        *,
        after_sequence: int = 0,
        after_chain: str = "",
        gauges: bool = False,
        heartbeat_seconds: float = DEFAULT_HEARTBEAT_SECONDS,
        reconnect: Reconnect | None = None,
    ) -> Watch:
        """The job's messages from after an event until JobFinished, across disconnects."""
        return Watch(
            self._video_streams,
            job_id,
            after_sequence=after_sequence,
            after_chain=after_chain,
            gauges=gauges,
            heartbeat_seconds=heartbeat_seconds,
            reconnect=reconnect or self._reconnect,
        )

    async def get_job(self, job_id: str, *, full: bool = False) -> job_pb2.Job:
        """The job as it is now; `full` adds its script and segments."""
        view = wire.JOB_VIEW_FULL if full else wire.JOB_VIEW_BASIC
        return (await self._call(self._video.GetJob, wire.GetJobRequest(job_id=job_id, view=view))).job

    async def list_jobs(self, *, page_size: int = 0) -> AsyncIterator[job_pb2.Job]:
        """All jobs, newest first, fetched page by page as they are read."""
        token = ""
        while True:
            request = wire.ListJobsRequest(page_size=page_size, page_token=token)
            page = await self._call(self._video.ListJobs, request)
            for job in page.jobs:
                yield job
            token = page.next_page_token
            if not token:
                return

    async def cancel(self, job_id: str) -> job_pb2.Job:
        """Asks to stop the job, and answers it as it is now."""
        return (await self._call(self._video.CancelJob, wire.CancelJobRequest(job_id=job_id))).job

    async def delete(self, job_id: str) -> None:
        """Removes the job; a running one is cancelled first."""
        await self._call(self._video.DeleteJob, wire.DeleteJobRequest(job_id=job_id))

    async def preview_script(
        self,
        text: str,
        *,
        options: job_pb2.VideoOptions | None = None,
        attachments: Mapping[str, str] | None = None,
        default_options: job_pb2.VideoOptions | None = None,
    ) -> wire.PreviewScriptResponse:
        """The script that would be made of the text, and what the writer left out or replaced. `attachments` and
        `default_options` are those of `generate`."""
        request = wire.PreviewScriptRequest(
            source_text=text, options=options, attachments=attachments, default_options=default_options
        )
        with translated():
            return await self._video.PreviewScript(request, timeout=_PREVIEW_SECONDS)

    async def voices(self) -> list[catalog_service_pb2.Voice]:
        """The voices that can speak here; the first is the default."""
        return list((await self._call(self._catalog.ListVoices, catalog_service_pb2.ListVoicesRequest())).voices)

    async def themes(self) -> list[catalog_service_pb2.Theme]:
        """The themes that pictures can have; the first is the default."""
        return list((await self._call(self._catalog.ListThemes, catalog_service_pb2.ListThemesRequest())).themes)

    async def visual_types(self) -> list[catalog_service_pb2.VisualType]:
        """The visual types that can be drawn here."""
        request = catalog_service_pb2.ListVisualTypesRequest()
        return list((await self._call(self._catalog.ListVisualTypes, request)).visual_types)

    async def download(self, job_id: str, name: str, path: Path) -> artifact_pb2.Artifact:
        """Fetches an artifact of the job into a file, which appears whole and checked, or not at all. Raises OSError
        where it cannot be written."""
        return await download(self._video_streams, job_id, name, path, self._reconnect)

    async def upload_attachment(self, content: bytes, media_type: str) -> str:
        """Stores a picture or a recording, and answers the name by which a script or `attachments` refers to it."""

        async def parts() -> AsyncIterator[wire.UploadAttachmentRequest]:
            yield wire.UploadAttachmentRequest(description=wire.AttachmentDescription(media_type=media_type))
            for start in range(0, len(content), _UPLOAD_CHUNK_BYTES):
                yield wire.UploadAttachmentRequest(chunk=content[start : start + _UPLOAD_CHUNK_BYTES])

        with translated():
            reply = await self._video_streams.UploadAttachment(parts(), timeout=_UPLOAD_SECONDS)
        return reply.attachment


def _generate_request(
    text: str | None,
    script: script_pb2.Script | None,
    *,
    options: job_pb2.VideoOptions | None,
    labels: Mapping[str, str] | None,
    attachments: Mapping[str, str] | None,
    default_options: job_pb2.VideoOptions | None,
) -> wire.GenerateVideoRequest:
    if (text is None) == (script is None):
        raise ValueError("a film is made from a text or from a script: give exactly one")
    request = wire.GenerateVideoRequest(
        options=options, labels=labels, attachments=attachments, default_options=default_options
    )
    if script is not None:
        request.script.CopyFrom(script)
    elif text is not None:
        request.source_text = text
    return request
