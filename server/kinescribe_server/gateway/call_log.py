"""What surrounds every call: a line in the log, and headers that every answer has."""

import asyncio
import logging
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinescribe_server.logs import set_log_facts, trace_id_of

_LOG = logging.getLogger(__name__)

_HEADERS = [(b"x-content-type-options", b"nosniff")]


class CallLog:
    """Wraps the application. What its routes raise was answered by then, and is logged with that answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, code = time.monotonic(), 0
        trace_id = trace_id_of(Headers(scope=scope).get("traceparent", ""))
        set_log_facts({"trace_id": trace_id})

        async def answer(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
                message["headers"] = [*message["headers"], *_HEADERS, (b"trace-id", trace_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            pass  # the server stops, and has closed the connection
        except Exception:
            if not code:
                raise
            _LOG.exception("an answer broke off")
        finally:
            seconds = round(time.monotonic() - started, 4)
            # Probes come every few seconds, for ever.
            level = logging.DEBUG if scope["path"] == "/health" else logging.INFO
            _LOG.log(level, "call", extra={"method": _method(scope), "outcome": code, "seconds": seconds})


def _method(scope: Scope) -> str:
    """The route, since what stands in its place in a request is the user's."""
    route = scope.get("route")
    return f"{scope['method']} {route.path if route is not None else '(none)'}"
