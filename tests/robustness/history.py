"""Recording what a watcher gets."""

import time

import grpc
from tests.robustness.validate import History

from kinescribe.v1 import video_service_pb2, video_service_pb2_grpc

# A film of the tests takes seconds; this is for a machine that is busy with other things.
_LONGEST_SECONDS = 110.0


async def record(address: str, job_id: str, after_sequence: int = 0, stop_at: int | None = None) -> History:
    """The history of one stream, to its end or to event `stop_at`, where it is left."""
    messages: list[video_service_pb2.WatchJobResponse] = []
    times = [time.monotonic()]
    ended_ok = False
    async with grpc.aio.insecure_channel(address) as channel:
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        call = stub.WatchJob(
            video_service_pb2.WatchJobRequest(job_id=job_id, after_sequence=after_sequence), timeout=_LONGEST_SECONDS
        )
        try:
            async for message in call:
                messages.append(message)
                times.append(time.monotonic())
                if stop_at is not None and message.event.sequence == stop_at:
                    break
            else:
                ended_ok = True
        finally:
            call.cancel()
    return History(messages, after_sequence, ended_ok, times)
