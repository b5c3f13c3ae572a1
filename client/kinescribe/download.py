"""Downloads that go on where they broke off, and files that appear whole."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import grpc
import grpc.aio

from kinescribe.errors import DownloadCorrupt, ErrorFacts, KinescribeError, lost, translated
from kinescribe.reconnect import Reconnect, Retries
from kinescribe.v1 import artifact_pb2
from kinescribe.v1 import video_service_pb2 as wire

if TYPE_CHECKING:
    from kinescribe.v1.video_service_pb2_grpc import VideoServiceAsyncStub

_READ_BYTES = 1 << 20
# A chunk is at most a few MiB; a stream that brings none for this long is dead.
_SILENT_SECONDS = 30.0


class PartFile:
    """The bytes that have come so far, beside the file that they will be. A part that an earlier run left is used.

    Two downloads of one file write the same bytes to the same places of one part, and so do not disturb each other.
    """

    def __init__(self, path: Path, job_id: str) -> None:
        self.final = path
        # The file's own name may be as long as a name can be.
        key = hashlib.sha256(os.fsencode(f"{job_id}/{path.name}")).hexdigest()
        self.part = path.with_name(f".{key[:32]}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.part.touch()
        self._digest = hashlib.sha256()
        self.size = 0
        self._file: BinaryIO = self.part.open("r+b")
        self.left_over = self._take_up()

    def _take_up(self) -> bool:
        while data := self._file.read(_READ_BYTES):
            self._digest.update(data)
            self.size += len(data)
        return self.size > 0

    def append(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    def start_over(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0
        self.left_over = False

    def matches(self, artifact: artifact_pb2.Artifact) -> bool:
        return self.size == artifact.size_bytes and self._digest.hexdigest() == artifact.sha256

    def place(self) -> None:
        """Gives the whole, synced file its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        ours = os.fstat(self._file.fileno())
        self._file.close()
        try:
            self.part.replace(self.final)
        except FileNotFoundError:
            if not os.path.samestat(ours, self.final.stat()):  # else another download of it was faster
                raise

    def close(self, *, discard: bool) -> None:
        try:
            self._file.close()  # which writes what is left, and may find the disk full
        finally:
            if discard:
                self.part.unlink(missing_ok=True)


async def download(
    stub: "VideoServiceAsyncStub", job_id: str, name: str, path: Path, reconnect: Reconnect
) -> artifact_pb2.Artifact:
    """Fetches an artifact of a job into a file.

    Raises DownloadCorrupt if the bytes are not the announced ones. What has come of a download that fails otherwise
    stays beside the file, for the next one.
    """
    part = await asyncio.to_thread(PartFile, path, job_id)
    discard = True
    try:
        artifact = await _fetch(stub, wire.DownloadArtifactRequest(job_id=job_id, name=name), part, reconnect)
        await asyncio.to_thread(part.place)
    except (KinescribeError, asyncio.CancelledError) as error:
        discard = part.size == 0 or isinstance(error, DownloadCorrupt)
        raise
    finally:
        part.close(discard=discard)
    return artifact


async def _fetch(
    stub: "VideoServiceAsyncStub", request: wire.DownloadArtifactRequest, part: PartFile, reconnect: Reconnect
) -> artifact_pb2.Artifact:
    retries = Retries(reconnect)
    while True:
        request.offset = part.size
        try:
            artifact = await _receive(stub, request, part, retries)
        except KinescribeError as error:
            if part.left_over and error.code is grpc.StatusCode.OUT_OF_RANGE:
                part.start_over()  # what was left belongs to a longer file
                continue
            await asyncio.sleep(retries.delay_after(error))
            continue
        if part.matches(artifact):
            return artifact
        if not part.left_over:
            raise _corrupt(artifact, part)
        part.start_over()


async def _receive(
    stub: "VideoServiceAsyncStub", request: wire.DownloadArtifactRequest, part: PartFile, retries: Retries
) -> artifact_pb2.Artifact:
    """Appends one stream to the part, and answers what the stream said that it is."""
    call = stub.DownloadArtifact(request)
    artifact: artifact_pb2.Artifact | None = None
    try:
        while True:
            async with asyncio.timeout(_SILENT_SECONDS):
                with translated():
                    message = await call.read()
            if not isinstance(message, wire.DownloadArtifactResponse):
                break
            if message.HasField("artifact"):
                artifact = message.artifact
            if message.chunk:
                part.append(message.chunk)
                retries.alive()
    except TimeoutError:
        raise lost("STREAM_SILENT", f"nothing was heard for {_SILENT_SECONDS:g} s") from None
    finally:
        call.cancel()
    if artifact is None:
        raise lost("STREAM_CUT", "the download ended before it began")
    return artifact


def _corrupt(artifact: artifact_pb2.Artifact, part: PartFile) -> DownloadCorrupt:
    announced = f"{artifact.size_bytes} bytes with SHA-256 {artifact.sha256}"
    message = f"{artifact.name} is {announced}, but {part.size} other bytes came"
    return DownloadCorrupt(ErrorFacts("DOWNLOAD_CORRUPT", message, grpc.StatusCode.DATA_LOSS, {"name": artifact.name}))
