"""Follows a job to its end, across disconnects and changes of its service."""

from collections.abc import Callable

from kinescribe.cli.service import Service
from kinescribe.client import Client
from kinescribe.errors import lost
from kinescribe.v1 import event_pb2
from kinescribe.v1 import video_service_pb2 as wire


async def follow(
    service: Service,
    job_id: str,
    show: Callable[[wire.WatchJobResponse], None],
    *,
    after_sequence: int = 0,
    gauges: bool = False,
) -> event_pb2.JobFinished:
    """Shows every message after an event, and answers how the job finished."""
    sequence, chain = after_sequence, ""

    async def watch(client: Client) -> event_pb2.JobFinished:
        nonlocal sequence, chain
        async with client.watch(job_id, after_sequence=sequence, after_chain=chain, gauges=gauges) as messages:
            async for message in messages:
                sequence, chain = messages.sequence, messages.chain
                show(message)
                if message.event.HasField("job_finished"):
                    return message.event.job_finished
        raise lost("STREAM_CUT", "the stream ended before the job had finished")

    return await service.call(watch)
