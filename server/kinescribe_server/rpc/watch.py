"""WatchJob: a position in a job's log, and the promises G1 to G10 (see the proto file)."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from kinescribe.v1 import event_pb2
from kinescribe.v1 import video_service_pb2 as pb
from kinescribe_server.jobs.errors import LogForkedError, SequenceInFutureError, WatchLimitError
from kinescribe_server.jobs.service import JobService
from kinescribe_server.rpc import checks
from kinescribe_server.rpc.convert import gauge_to_message


class EncodedLog(Protocol):
    """A job's log as far as it is known, each event as the bytes of its WatchJobResponse; event n is `encoded[n-1]`."""

    encoded: list[bytes]
    chains: list[str]
    gauges: dict[str, dict[str, object]]
    gauges_seen: int
    finished: bool

    async def wait_beyond(self, sequence: int, timeout_seconds: float, gauges_seen: int | None = None) -> bool: ...


class EncodedLogs(Protocol):
    def follow(self, job_id: str) -> AbstractAsyncContextManager[EncodedLog]: ...


class Watcher:
    """Serves watches, at most `limit` at a time."""

    def __init__(self, jobs: JobService, logs: EncodedLogs, limit: int) -> None:
        self._jobs = jobs
        self._logs = logs
        self._limit = limit
        self._watches = 0

    async def watch(self, owner: str, request: pb.WatchJobRequest) -> AsyncGenerator[bytes, None]:
        """The messages of a watch, encoded. Ends after JobFinished, and in no other way without an error."""
        heartbeat = checks.heartbeat_seconds(request)
        if self._watches >= self._limit:
            raise WatchLimitError(f"{self._limit} watches are open, which is the limit of this server")
        self._watches += 1
        try:
            await self._jobs.get(owner, request.job_id)
            async with self._logs.follow(request.job_id) as log:
                _check_position(log, request)
                async for message in _messages(log, request, heartbeat):
                    yield message
        finally:
            self._watches -= 1


def _check_position(log: EncodedLog, request: pb.WatchJobRequest) -> None:
    after = request.after_sequence
    if after > len(log.encoded):
        raise SequenceInFutureError(after, len(log.encoded))
    if after and request.after_chain and request.after_chain != log.chains[after - 1]:
        raise LogForkedError(after)


async def _messages(log: EncodedLog, request: pb.WatchJobRequest, heartbeat: float) -> AsyncIterator[bytes]:
    position = request.after_sequence
    gauges_seen = log.gauges_seen if request.include_gauges else None
    while True:
        while position < len(log.encoded):
            position += 1
            yield log.encoded[position - 1]
        if log.finished:
            return
        if gauges_seen is not None and log.gauges_seen > gauges_seen:
            latest = list(log.gauges.values())[gauges_seen - log.gauges_seen :]
            gauges_seen = log.gauges_seen
            for gauge in latest:
                yield pb.WatchJobResponse(gauge=gauge_to_message(gauge)).SerializeToString()
            continue
        if not await log.wait_beyond(position, heartbeat, gauges_seen):
            yield pb.WatchJobResponse(heartbeat=event_pb2.Heartbeat(last_sequence=position)).SerializeToString()
