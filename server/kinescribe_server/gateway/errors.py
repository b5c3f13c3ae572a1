"""The one place where errors become HTTP answers; what they say is what gRPC says (rpc/errors.py)."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from google.protobuf.duration_pb2 import Duration
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kinescribe_server.jobs.errors import InvalidRequestError, Violation
from kinescribe_server.rpc.errors import status_of

# As google/rpc/code.proto maps them.
_HTTP_CODES = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
_BUG = 500

# What only HTTP can get wrong: status and reason, by HTTP code.
_OF_HTTP = {
    400: ("INVALID_ARGUMENT", "INVALID_REQUEST"),
    404: ("NOT_FOUND", "PATH_NOT_FOUND"),
    405: ("UNIMPLEMENTED", "METHOD_NOT_ALLOWED"),
    408: ("DEADLINE_EXCEEDED", "REQUEST_TOO_SLOW"),
    413: ("INVALID_ARGUMENT", "REQUEST_TOO_LARGE"),
    415: ("INVALID_ARGUMENT", "UNSUPPORTED_MEDIA_TYPE"),
    416: ("OUT_OF_RANGE", "RANGE_NOT_SATISFIABLE"),
}


def error_json(status: Status) -> dict[str, Any]:
    """An error as all answers have it, but for the HTTP code, which belongs to an answer."""
    error: dict[str, Any] = {"status": Code.Name(status.code), "message": status.message}
    info, bad_request = ErrorInfo(), BadRequest()
    for detail in status.details:
        if detail.Unpack(info):
            error |= {"reason": info.reason, **info.metadata}
        elif detail.Unpack(bad_request):
            found = bad_request.field_violations
            error["violations"] = [{"field": one.field, "description": one.description} for one in found]
    return error


async def answer_error(request: Request, error: Exception) -> Response:
    """What was raised, as an answer."""
    status = status_of(error)
    body = error_json(status)
    code = _HTTP_CODES.get(body["status"], _BUG)
    return JSONResponse({"error": {"code": code, **body}}, code, _retry_after(status))


async def answer_bad_parameter(request: Request, error: Exception) -> Response:
    """What stands behind the question mark of an address and is not what the call takes there."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - that is what the handler is for
    found = [Violation(str(one["loc"][-1]), str(one["msg"])) for one in error.errors()]
    return await answer_error(request, InvalidRequestError(tuple(found)))


async def answer_http_error(request: Request, error: Exception) -> Response:
    """What the HTTP layer refuses, as an answer of the same shape."""
    assert isinstance(error, HTTPException)  # noqa: S101 - that is what the handler is for
    name, reason = _OF_HTTP.get(error.status_code, ("UNKNOWN", "HTTP_ERROR"))
    message = error.detail
    if error.status_code == 404:
        message = f"nothing is served at {request.url.path}"
    elif error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "nothing")
        message = f"{request.method} is not taken at {request.url.path}; allowed: {allowed}"
    body = {"code": error.status_code, "status": name, "message": message, "reason": reason}
    return JSONResponse({"error": body}, error.status_code, error.headers)


def _retry_after(status: Status) -> dict[str, str]:
    retry = RetryInfo()
    for detail in status.details:
        if detail.Unpack(retry):
            return {"Retry-After": str(_whole_seconds(retry.retry_delay))}
    return {}


def _whole_seconds(delay: Duration) -> int:
    return delay.seconds + (delay.nanos > 0)
