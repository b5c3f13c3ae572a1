"""What surrounds every call: errors become statuses, and each call is a line in the log."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

from kinescribe_server.logs import log_facts, set_log_facts, trace_id_of
from kinescribe_server.rpc.errors import abort

_LOG = logging.getLogger(__name__)

# In the metadata of a call, and in the initial metadata of its answer.
_TRACEPARENT, _TRACE_ID = "traceparent", "trace-id"

_OWN = "/kinescribe.v1."
_WATCH = "/kinescribe.v1.VideoService/WatchJob"


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Maps what a handler raises to the status that the contract names, and logs how the call ended. The trace id of
    the caller, or a new one, is in every line of the call and in the answer's initial metadata."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(_OWN):
            return handler
        metadata = dict(handler_call_details.invocation_metadata)
        set_log_facts({"trace_id": trace_id_of(str(metadata.get(_TRACEPARENT, "")))})
        if handler.response_streaming:
            handler = handler._replace(unary_stream=_stream(method, handler.unary_stream))
        elif handler.request_streaming:
            handler = handler._replace(stream_unary=_unary(method, handler.stream_unary))
        else:
            handler = handler._replace(unary_unary=_unary(method, handler.unary_unary))
        if method == _WATCH:  # its messages are bytes already: each is encoded once for all who watch
            handler = handler._replace(response_serializer=bytes)
        return handler


def _unary(method: str, inner: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        started = time.monotonic()
        try:
            await _tell_trace_id(context)
            response = await inner(request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            _log(method, started, type(error).__name__)
            await abort(context, error)
        else:
            _log(method, started, "OK")
            return response

    return call


def _stream(method: str, inner: Callable[[Any, Any], AsyncIterator[Any]]) -> Callable[[Any, Any], AsyncIterator[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        started = time.monotonic()
        outcome = "left by the client"
        try:
            await _tell_trace_id(context)
            async for response in inner(request, context):
                yield response
            outcome = "OK"
        except grpc.aio.BaseError:  # the client went away in the middle of a message
            raise
        except Exception as error:
            outcome = type(error).__name__
            await abort(context, error)
        finally:
            _log(method, started, outcome)

    return call


async def _tell_trace_id(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    await context.send_initial_metadata(((_TRACE_ID, str(log_facts()["trace_id"])),))


def _log(method: str, started: float, outcome: str) -> None:
    _LOG.info("call", extra={"method": method, "outcome": outcome, "seconds": round(time.monotonic() - started, 4)})
