"""The servicer of VideoService."""

import asyncio
from collections.abc import AsyncIterator

import grpc

from kinescribe.v1 import video_service_pb2 as pb
from kinescribe.v1 import video_service_pb2_grpc
from kinescribe_server.artifacts.protocol import ArtifactStore
from kinescribe_server.jobs.model import LOCAL_OWNER
from kinescribe_server.jobs.service import JobService
from kinescribe_server.rpc import checks
from kinescribe_server.rpc.convert import artifact_to_message, job_to_message, script_to_message, warnings_to_messages
from kinescribe_server.rpc.watch import Watcher

Context = grpc.aio.ServicerContext[object, object]

# Large enough to cost little a byte, far below gRPC's limit of 4 MiB a message.
_CHUNK_BYTES = 256 << 10


class VideoServicer(video_service_pb2_grpc.VideoServiceServicer):
    """Checks, converts, and leaves the rest to jobs/. Errors become statuses in the interceptor."""

    def __init__(self, jobs: JobService, watcher: Watcher, artifacts: ArtifactStore, catalog: checks.Catalog) -> None:
        self._jobs = jobs
        self._watcher = watcher
        self._artifacts = artifacts
        self._catalog = catalog

    async def GenerateVideo(  # noqa: N802 - the contract's name
        self, request: pb.GenerateVideoRequest, context: Context
    ) -> pb.GenerateVideoResponse:
        new = checks.new_job(request, self._catalog)
        if request.validate_only:
            await self._jobs.check(LOCAL_OWNER, new)
            return pb.GenerateVideoResponse()
        job, deduplicated = await self._jobs.generate(LOCAL_OWNER, new)
        return pb.GenerateVideoResponse(job=job_to_message(job), deduplicated=deduplicated)

    async def WatchJob(  # type: ignore[override]  # noqa: N802 - bytes: an event is encoded once for all watchers
        self, request: pb.WatchJobRequest, context: Context
    ) -> AsyncIterator[bytes]:
        async for message in self._watcher.watch(LOCAL_OWNER, request):
            yield message

    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.GetJobResponse:  # noqa: N802
        full = request.view == pb.JOB_VIEW_FULL
        return pb.GetJobResponse(job=job_to_message(await self._jobs.get(LOCAL_OWNER, request.job_id, full=full)))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:  # noqa: N802
        jobs, following = await self._jobs.list_jobs(LOCAL_OWNER, request.page_token, checks.page(request))
        return pb.ListJobsResponse(jobs=[job_to_message(job) for job in jobs], next_page_token=following)

    async def CancelJob(self, request: pb.CancelJobRequest, context: Context) -> pb.CancelJobResponse:  # noqa: N802
        return pb.CancelJobResponse(job=job_to_message(await self._jobs.cancel(LOCAL_OWNER, request.job_id)))

    async def DeleteJob(self, request: pb.DeleteJobRequest, context: Context) -> pb.DeleteJobResponse:  # noqa: N802
        await self._jobs.delete(LOCAL_OWNER, request.job_id)
        return pb.DeleteJobResponse()

    async def PreviewScript(  # noqa: N802
        self, request: pb.PreviewScriptRequest, context: Context
    ) -> pb.PreviewScriptResponse:
        source_text, options = checks.preview(request, self._catalog)
        script, notices = await self._jobs.preview(LOCAL_OWNER, source_text, options)
        return pb.PreviewScriptResponse(script=script_to_message(script), warnings=warnings_to_messages(notices))

    async def UploadAttachment(  # noqa: N802
        self, requests: AsyncIterator[pb.UploadAttachmentRequest], context: Context
    ) -> pb.UploadAttachmentResponse:
        data, media_type = bytearray(), ""
        async for request in requests:
            if request.WhichOneof("part") == "description":
                media_type = checks.attachment_type(request.description)
            else:
                data += request.chunk
                checks.attachment_size(media_type, len(data))
        checks.attachment(media_type, data)
        name = await self._jobs.attach(LOCAL_OWNER, bytes(data), media_type)
        return pb.UploadAttachmentResponse(attachment=name, size_bytes=len(data))

    async def DownloadArtifact(  # noqa: N802
        self, request: pb.DownloadArtifactRequest, context: Context
    ) -> AsyncIterator[pb.DownloadArtifactResponse]:
        file = await self._jobs.artifact(LOCAL_OWNER, request.job_id, request.name)
        offset = checks.offset(request, file.size_bytes)
        yield pb.DownloadArtifactResponse(artifact=artifact_to_message(request.name, file))
        chunks = self._artifacts.chunks(file.sha256, offset, _CHUNK_BYTES)
        while (chunk := await asyncio.to_thread(next, chunks, None)) is not None:
            yield pb.DownloadArtifactResponse(chunk=chunk)
