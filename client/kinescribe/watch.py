"""A watch that survives disconnects.

The stream of WatchJob ends with its connection; this one goes on after the last event that it gave, on a new stream, so
that its reader sees 1, 2, 3, … and JobFinished whatever happens in between.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TYPE_CHECKING, Self

import grpc.aio
from google.protobuf.duration_pb2 import Duration

from kinescribe.errors import KinescribeError, lost, translated
from kinescribe.reconnect import Reconnect, Retries
from kinescribe.v1 import video_service_pb2 as wire

if TYPE_CHECKING:
    from kinescribe.v1.video_service_pb2_grpc import VideoServiceAsyncStub

    _WatchCall = grpc.aio.UnaryStreamCall[wire.WatchJobRequest, wire.WatchJobResponse]

_log = logging.getLogger(__name__)

DEFAULT_HEARTBEAT_SECONDS = 15.0
# G10 promises a message every heartbeat interval; one may be late, three in a row mean a dead stream.
_SILENT_INTERVALS = 3


class Watch:
    """The messages of a job, from after an event until JobFinished.

    Use it as `async with client.watch(job_id) as messages: async for message in messages: …`; leaving the block ends
    the stream. `sequence` and `chain` are those of the last event given, to go on from elsewhere.
    """

    def __init__(
        self,
        stub: "VideoServiceAsyncStub",
        job_id: str,
        *,
        after_sequence: int = 0,
        after_chain: str = "",
        gauges: bool = False,
        heartbeat_seconds: float = DEFAULT_HEARTBEAT_SECONDS,
        reconnect: Reconnect | None = None,
    ) -> None:
        if not heartbeat_seconds > 0:
            raise ValueError(f"heartbeat_seconds is {heartbeat_seconds:g}; allowed: 1 to 60")
        self.job_id = job_id
        self.sequence = after_sequence
        self.chain = after_chain
        self._stub = stub
        self._gauges = gauges
        self._heartbeat_seconds = heartbeat_seconds
        self._reconnect = reconnect or Reconnect()
        self._messages = self._run()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> wire.WatchJobResponse:
        return await anext(self._messages)

    async def aclose(self) -> None:
        """Ends the stream. The job goes on."""
        await self._messages.aclose()

    async def _run(self) -> AsyncGenerator[wire.WatchJobResponse]:
        retries = Retries(self._reconnect)
        while True:
            call = self._stub.WatchJob(self._request())
            try:
                while message := await self._read(call):
                    if self._advance(message):
                        retries.alive()
                    yield message
                    if message.event.HasField("job_finished"):
                        return
                raise lost("STREAM_CUT", "the stream ended before the job had finished")
            except KinescribeError as error:
                delay = retries.delay_after(error)
                if retries.failures == 1:
                    _log.warning("watch of job %s interrupted (%s); trying again", self.job_id, error.reason)
            finally:
                call.cancel()  # a stream that is merely dropped would run on
            await asyncio.sleep(delay)

    def _request(self) -> wire.WatchJobRequest:
        interval = Duration()
        interval.FromMilliseconds(round(self._heartbeat_seconds * 1000))
        return wire.WatchJobRequest(
            job_id=self.job_id,
            after_sequence=self.sequence,
            after_chain=self.chain,
            include_gauges=self._gauges,
            heartbeat_interval=interval,
        )

    async def _read(self, call: "_WatchCall") -> wire.WatchJobResponse | None:
        """The next message, or None at the end of the stream."""
        limit = self._heartbeat_seconds * _SILENT_INTERVALS
        try:
            async with asyncio.timeout(limit):
                with translated():
                    message = await call.read()
        except TimeoutError:
            raise lost("STREAM_SILENT", f"nothing was heard for {limit:g} s") from None
        return message if isinstance(message, wire.WatchJobResponse) else None

    def _advance(self, message: wire.WatchJobResponse) -> bool:
        """Moves the position, and says whether the message is a sign of life of the job's log. An event of a type that
        this version does not know counts like any other; a hole is mended by reading again from the position."""
        match message.WhichOneof("message"):
            case "event":
                self._expect(message.event.sequence, self.sequence + 1)
                self.sequence, self.chain = message.event.sequence, message.event.chain
            case "heartbeat":
                self._expect(message.heartbeat.last_sequence, self.sequence)
            case _:
                return False
        return True

    def _expect(self, found: int, expected: int) -> None:
        if found != expected:
            raise lost("SEQUENCE_GAP", f"event {expected} was due, and the stream is at {found}")
