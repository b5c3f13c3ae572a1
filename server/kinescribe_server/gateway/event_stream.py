"""A job's events as server-sent events (WHATWG HTML, 9.2): what WatchJob says, with its promises.

An event's id is its sequence, so a browser that reconnects gets what it has not seen. After the last event the answer
to a reconnect is 204, which tells browsers that there will be no more.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from kinescribe.v1.video_service_pb2 import WatchJobRequest, WatchJobResponse
from kinescribe_server.gateway import links
from kinescribe_server.gateway.job_json import to_json
from kinescribe_server.gateway.parts import Parts
from kinescribe_server.jobs.errors import InvalidRequestError, KinescribeError, Violation
from kinescribe_server.jobs.model import LOCAL_OWNER
from kinescribe_server.jobs.violations import shown

# How long the first message is waited for, since an error that comes instead of it can be told with its code.
_FIRST_SECONDS = 0.5
# How soon browsers come back; they would take three seconds.
_RETRY = b"retry: 1000\n\n"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back until it has a page full of them
}


def routes(parts: Parts) -> APIRouter:
    router = APIRouter(prefix=links.ROOT)

    @router.get("/events/{job_id}")
    async def events(request: Request, job_id: str) -> Response:
        """A job's events, from the first or after the one that the header Last-Event-ID names."""
        watch = WatchJobRequest(job_id=job_id, after_sequence=_after(request.headers.get("last-event-id", "")))
        messages = parts.watcher.watch(LOCAL_OWNER, watch)
        first = asyncio.ensure_future(anext(messages, b""))
        try:
            done, _ = await asyncio.wait([first], timeout=_FIRST_SECONDS)
        except asyncio.CancelledError:
            first.cancel()
            raise
        if done and not first.result():
            return Response(status_code=204)
        return StreamingResponse(_stream(first, messages), media_type="text/event-stream", headers=_HEADERS)

    return router


def _after(header: str) -> int:
    """The last event that the client has. Raises InvalidRequestError."""
    if not header:
        return 0
    if not (header.isascii() and header.isdigit() and len(header) < 10):
        raise InvalidRequestError((Violation("Last-Event-ID", f"{shown(header)} is not the number of an event"),))
    return int(header)


async def _stream(first: "asyncio.Future[bytes]", messages: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    yield _RETRY
    async with aclosing(messages):
        try:
            yield _event(await first)
            async for message in messages:
                yield _event(message)
        except KinescribeError as error:  # the client comes back, and is told with a code what is the matter
            yield f": {error.reason}\n\n".encode()


def _event(message: bytes) -> bytes:
    response = WatchJobResponse.FromString(message)
    if response.WhichOneof("message") != "event":
        return b": heartbeat\n\n"
    data = json.dumps(to_json(response.event), ensure_ascii=False)
    return f"id: {response.event.sequence}\ndata: {data}\n\n".encode()
