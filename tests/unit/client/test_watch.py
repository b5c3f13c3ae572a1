"""The watch gives every event once and in order, whatever happens to its streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import grpc
import pytest

from kinescribe import Client, JobNotFound, LogForked, Reconnect, Unavailable
from kinescribe.v1 import event_pb2
from kinescribe.v1 import video_service_pb2 as wire

from .conftest import JOB, Context, ScriptedService, Stream, event, fail, history

AT_ONCE = Reconnect(first_delay=0.001, longest_delay=0.002, give_up_after=5)
EVENTS = history(6)


def serving(*, until: int = len(EVENTS), then: grpc.StatusCode | None = None) -> Stream:
    """Events after the request's position up to one; then the stream ends, with a bare status as a proxy gives it."""

    async def stream(request: wire.WatchJobRequest, context: Context) -> AsyncIterator[wire.WatchJobResponse]:
        for message in EVENTS[request.after_sequence : until]:
            yield message
        if then is not None:
            await context.abort(then, "the connection broke")

    return stream


def answering(*messages: wire.WatchJobResponse) -> Stream:
    async def stream(request: wire.WatchJobRequest, context: Context) -> AsyncIterator[wire.WatchJobResponse]:
        for message in messages:
            yield message

    return stream


async def silent(request: wire.WatchJobRequest, context: Context) -> AsyncIterator[wire.WatchJobResponse]:
    await asyncio.Event().wait()
    yield wire.WatchJobResponse()


def refusing(code: grpc.StatusCode, reason: str) -> Stream:
    async def stream(request: wire.WatchJobRequest, context: Context) -> AsyncIterator[wire.WatchJobResponse]:
        await fail(context, code, reason, "no")
        yield wire.WatchJobResponse()

    return stream


async def sequences(client: Client, *, heartbeat_seconds: float = 15, after_sequence: int = 0) -> list[int]:
    async with client.watch(
        JOB, after_sequence=after_sequence, heartbeat_seconds=heartbeat_seconds, reconnect=AT_ONCE
    ) as messages:
        return [message.event.sequence async for message in messages if message.HasField("event")]


async def test_a_watch_without_faults_gives_every_event_and_ends(service: ScriptedService, address: str) -> None:
    service.streams = [serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]
    assert len(service.watches) == 1


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        None,  # the stream ends OK without JobFinished
    ],
)
async def test_a_broken_stream_is_resumed_after_the_last_event(
    service: ScriptedService, address: str, code: grpc.StatusCode | None
) -> None:
    service.streams = [serving(until=2, then=code), serving(until=2, then=code), serving(until=5, then=code), serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]
    positions = [(request.after_sequence, request.after_chain) for request in service.watches]
    assert positions == [(0, ""), (2, "chain-2"), (2, "chain-2"), (5, "chain-5")]


async def test_a_draining_server_is_left_and_found_again(service: ScriptedService, address: str) -> None:
    service.streams = [refusing(grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING"), serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]


async def test_three_silent_intervals_break_the_stream(service: ScriptedService, address: str) -> None:
    service.streams = [silent, serving()]
    async with Client(address) as client:
        assert await sequences(client, heartbeat_seconds=0.05) == [1, 2, 3, 4, 5, 6]
    assert len(service.watches) == 2


async def test_a_hole_is_read_again_and_not_passed_on(service: ScriptedService, address: str) -> None:
    service.streams = [answering(EVENTS[0], EVENTS[2]), serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]
    assert [request.after_sequence for request in service.watches] == [0, 1]


async def test_a_repeated_event_is_not_passed_on(service: ScriptedService, address: str) -> None:
    service.streams = [answering(EVENTS[0], EVENTS[0]), serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]


async def test_a_heartbeat_beyond_what_came_shows_a_loss(service: ScriptedService, address: str) -> None:
    ahead = wire.WatchJobResponse(heartbeat=event_pb2.Heartbeat(last_sequence=3))
    service.streams = [answering(EVENTS[0], ahead), serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]


async def test_an_event_of_an_unknown_type_counts_like_any_other(service: ScriptedService, address: str) -> None:
    from_the_future = wire.WatchJobResponse()
    # A field number that this contract does not use, in the event of sequence 1.
    from_the_future.ParseFromString(event(1).SerializeToString())
    from_the_future.event.MergeFromString(b"\xfa\x3e\x02hi")
    assert from_the_future.event.WhichOneof("type") is None
    service.streams = [answering(from_the_future), serving()]
    async with Client(address) as client:
        assert await sequences(client) == [1, 2, 3, 4, 5, 6]
    assert [request.after_sequence for request in service.watches] == [0, 1]


async def test_gauges_and_heartbeats_come_through_and_do_not_move_the_position(
    service: ScriptedService, address: str
) -> None:
    gauge = wire.WatchJobResponse(gauge=event_pb2.StepGauge(percent=50))
    heartbeat = wire.WatchJobResponse(heartbeat=event_pb2.Heartbeat(last_sequence=1))
    service.streams = [answering(EVENTS[0], gauge, heartbeat, *EVENTS[1:])]
    async with Client(address) as client, client.watch(JOB, gauges=True) as messages:
        kinds = [message.WhichOneof("message") async for message in messages]
    assert kinds == ["event", "gauge", "heartbeat", "event", "event", "event", "event", "event"]
    assert service.watches[0].include_gauges


async def test_a_watch_can_begin_in_the_middle(service: ScriptedService, address: str) -> None:
    service.streams = [serving()]
    async with Client(address) as client:
        assert await sequences(client, after_sequence=4) == [5, 6]


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND", JobNotFound),
        (grpc.StatusCode.DATA_LOSS, "LOG_FORKED", LogForked),
    ],
)
async def test_what_no_retry_can_mend_is_raised_at_once(
    service: ScriptedService, address: str, code: grpc.StatusCode, reason: str, error: type[Exception]
) -> None:
    service.streams = [serving(until=2), refusing(code, reason)]
    async with Client(address) as client:
        with pytest.raises(error):
            await sequences(client)
    assert len(service.watches) == 2


async def test_the_patience_of_a_watch_has_an_end(service: ScriptedService, address: str) -> None:
    service.streams = [serving(until=2, then=grpc.StatusCode.UNAVAILABLE)]
    brief = Reconnect(first_delay=0.01, longest_delay=0.02, give_up_after=0.2)
    async with Client(address) as client, client.watch(JOB, reconnect=brief) as messages:
        seen = [await anext(messages), await anext(messages)]
        with pytest.raises(Unavailable):
            await anext(messages)
    assert [message.event.sequence for message in seen] == [1, 2]
    assert len(service.watches) > 2


async def test_a_heartbeat_that_cannot_be_is_refused(address: str) -> None:
    async with Client(address) as client:
        with pytest.raises(ValueError, match="heartbeat_seconds is 0; allowed: 1 to 60"):
            client.watch(JOB, heartbeat_seconds=0)


async def test_leaving_the_block_ends_the_stream(service: ScriptedService, address: str) -> None:
    async def endless(request: wire.WatchJobRequest, context: Context) -> AsyncIterator[wire.WatchJobResponse]:
        yield EVENTS[0]
        await asyncio.Event().wait()

    service.streams = [endless]
    async with Client(address) as client:
        async with client.watch(JOB) as messages:
            async for _ in messages:
                assert service.streaming.is_set()
                break
        await asyncio.wait_for(service.idle.wait(), 5)
        async with aclosing(client.watch(JOB)) as messages:
            await anext(messages)
        await asyncio.wait_for(service.idle.wait(), 5)


async def test_a_cancelled_reader_is_cancelled_and_its_stream_ends(service: ScriptedService, address: str) -> None:
    service.streams = [silent]
    async with Client(address) as client:
        reader = asyncio.create_task(sequences(client))
        await asyncio.wait_for(service.streaming.wait(), 5)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await asyncio.wait_for(service.idle.wait(), 5)
    assert len(service.watches) == 1
