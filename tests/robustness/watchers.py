"""Watchers that come first, late or again, resume after every disconnect, and keep the history of each stream."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from google.protobuf.duration_pb2 import Duration
from tests.robustness.schedules import WatcherPlan
from tests.robustness.validate import Event, History, artifacts_of

from kinescribe.errors import KinescribeError, from_rpc_error
from kinescribe.v1 import artifact_pb2, video_service_pb2
from kinescribe.v1.video_service_pb2_grpc import VideoServiceStub

if TYPE_CHECKING:
    from kinescribe.v1.video_service_pb2_grpc import VideoServiceAsyncStub

    _WatchCall = grpc.aio.UnaryStreamCall[video_service_pb2.WatchJobRequest, video_service_pb2.WatchJobResponse]

FINISHED = "FINISHED"
_RETRY_SECONDS = 0.2


@dataclass
class Watched:
    """What one watcher got: the history of each of its streams, the reasons for which streams broke, and how it ended:
    FINISHED, or the reason of an error that no repetition mends ("" if it was stopped before)."""

    plan: WatcherPlan
    histories: list[History] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    ended: str = ""

    @property
    def events(self) -> list[Event]:
        return [event for history in self.histories for event in history.events]


class Watcher:
    """Watches a job to its end. `on_event` is called at each event; `stored` is the folder where artifacts are."""

    def __init__(self, job_id: str, plan: WatcherPlan, stored: Path, on_event: Callable[[Event], None]) -> None:
        self._job_id = job_id
        self._stored = stored
        self._on_event = on_event
        self._cuts = list(plan.cuts)
        self._call: _WatchCall | None = None
        self._cut = False
        self._sequence, self._chain = 0, ""
        self.watched = Watched(plan)

    def cut(self) -> None:
        """Leaves the stream, as a connection that is lost would."""
        self._cut = True
        if self._call is not None:
            self._call.cancel()

    async def run(self, address: str) -> None:
        async with grpc.aio.insecure_channel(address, options=[("grpc.max_reconnect_backoff_ms", 500)]) as channel:
            stub: VideoServiceAsyncStub = VideoServiceStub(channel)
            while not self.watched.ended:
                try:
                    await self._stream(stub)
                except KinescribeError as error:
                    if not error.retryable:
                        self.watched.ended = error.reason
                        return
                    self.watched.broken.append(error.reason)
                    await asyncio.sleep(_RETRY_SECONDS)

    async def _stream(self, stub: "VideoServiceAsyncStub") -> None:
        """One stream, whose history is kept however it ends."""
        plan = self.watched.plan
        request = video_service_pb2.WatchJobRequest(
            job_id=self._job_id,
            after_sequence=self._sequence,
            after_chain=self._chain,
            heartbeat_interval=Duration(seconds=int(plan.heartbeat)),
        )
        messages: list[video_service_pb2.WatchJobResponse] = []
        times = [time.monotonic()]
        after, ended_ok = self._sequence, False
        call = self._call = stub.WatchJob(request)
        try:
            async for message in call:
                messages.append(message)
                times.append(time.monotonic())
                if message.WhichOneof("message") == "event":
                    self._take(message.event)
                if self._leaves_at(message.event):
                    break
            else:
                ended_ok = True
        # A connection that is lost after the last message is no word of the service's.
        except grpc.aio.AioRpcError as error:
            ended_ok = _has_ended(messages) and (self._cut or from_rpc_error(error).retryable)
            if not self._cut and not ended_ok:
                raise from_rpc_error(error) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._cut or (task is not None and task.cancelling()):
                raise
            ended_ok = _has_ended(messages)
        finally:
            self._cut = False
            call.cancel()
            self.watched.histories.append(History(messages, after, ended_ok, times, plan.heartbeat))
            if ended_ok or _has_ended(messages):
                self.watched.ended = FINISHED

    def _take(self, event: Event) -> None:
        self._sequence, self._chain = event.sequence, event.chain
        self.watched.missing += [
            f"event {event.sequence} names {artifact.name}, which is not stored"
            for artifact in artifacts_of(event)
            if not self._is_stored(artifact)
        ]
        self._on_event(event)

    def _leaves_at(self, event: Event) -> bool:
        if not self._cuts or event.sequence < self._cuts[0]:
            return False
        self._cuts = [cut for cut in self._cuts if cut > event.sequence]
        return not event.HasField("job_finished")

    def _is_stored(self, artifact: artifact_pb2.Artifact) -> bool:
        path = self._stored / artifact.sha256[:2] / artifact.sha256
        return path.is_file() and path.stat().st_size == artifact.size_bytes


def _has_ended(messages: Sequence[video_service_pb2.WatchJobResponse]) -> bool:
    return bool(messages) and messages[-1].event.HasField("job_finished")
