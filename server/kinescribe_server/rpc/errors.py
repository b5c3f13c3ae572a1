"""The one place where errors become gRPC statuses."""

import logging
import math
import secrets

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from kinescribe_server.jobs.errors import InvalidRequestError, KinescribeError

_LOG = logging.getLogger(__name__)

DOMAIN = "kinescribe"

# Reason -> code. What is not listed is a bug.
CODES: dict[str, grpc.StatusCode] = {
    "JOB_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "ARTIFACT_NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "INVALID_REQUEST": grpc.StatusCode.INVALID_ARGUMENT,
    "REQUEST_ID_REUSED": grpc.StatusCode.INVALID_ARGUMENT,
    "SEQUENCE_IN_FUTURE": grpc.StatusCode.OUT_OF_RANGE,
    "LOG_FORKED": grpc.StatusCode.DATA_LOSS,
    "QUEUE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "QUOTA_EXCEEDED": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "WATCH_LIMIT": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "STORAGE_FULL": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "SERVER_DRAINING": grpc.StatusCode.UNAVAILABLE,
    "STATE_STORE_UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "INTERNAL": grpc.StatusCode.INTERNAL,
    # How a job ended, in Job.error and JobFinished.error.
    "CANCELLED": grpc.StatusCode.CANCELLED,
    "DEADLINE_EXCEEDED": grpc.StatusCode.DEADLINE_EXCEEDED,
    "DEGRADED": grpc.StatusCode.FAILED_PRECONDITION,
    "NOTHING_TO_SAY": grpc.StatusCode.INVALID_ARGUMENT,
    "SCRIPT_TOO_LONG": grpc.StatusCode.INVALID_ARGUMENT,
    "BAD_FRONT_MATTER": grpc.StatusCode.INVALID_ARGUMENT,
    "WORKER_LOST": grpc.StatusCode.ABORTED,
    "TIME_LIMIT": grpc.StatusCode.ABORTED,
    "REMOTE_KEY_REFUSED": grpc.StatusCode.FAILED_PRECONDITION,
    "REMOTE_NOT_FOUND": grpc.StatusCode.FAILED_PRECONDITION,
}

# When a caller who was refused may come back.
_RETRY_SECONDS = {grpc.StatusCode.RESOURCE_EXHAUSTED: 10, grpc.StatusCode.UNAVAILABLE: 1}


def job_error(reason: str, message: str) -> Status:
    """How a job failed."""
    return _status(CODES.get(reason, grpc.StatusCode.UNKNOWN), reason, message)


def status_of(error: Exception) -> Status:
    """The status of an error that ends a call. A bug shows an id to look up in the log, and nothing else."""
    if isinstance(error, InvalidRequestError):
        violations = [
            BadRequest.FieldViolation(field=violation.field, description=violation.description)
            for violation in error.violations
        ]
        return _status(CODES[error.reason], error.reason, error.message, BadRequest(field_violations=violations))
    if isinstance(error, KinescribeError) and error.reason in CODES:
        return _status(
            CODES[error.reason], error.reason, error.message, retry_seconds=getattr(error, "retry_seconds", 0.0)
        )
    error_id = secrets.token_hex(8)
    _LOG.error("call failed: a fault of ours", exc_info=error, extra={"error_id": error_id})
    return _status(
        grpc.StatusCode.INTERNAL, "INTERNAL", f"internal error {error_id}; the server's log has more", error_id=error_id
    )


async def abort(context: grpc.aio.ServicerContext[object, object], error: Exception) -> None:
    """Ends the call with the error's status."""
    await context.abort_with_status(rpc_status.to_status(status_of(error)))


def _status(
    code: grpc.StatusCode, reason: str, message: str, *details: BadRequest, retry_seconds: float = 0.0, **metadata: str
) -> Status:
    status = Status(code=code.value[0], message=message)
    info = ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    packed: list[BadRequest | ErrorInfo | RetryInfo] = [info, *details]
    if code in _RETRY_SECONDS:
        packed.append(RetryInfo(retry_delay=Duration(seconds=math.ceil(retry_seconds) or _RETRY_SECONDS[code])))
    for detail in packed:
        wrapped = Any()
        wrapped.Pack(detail)
        status.details.append(wrapped)
    return status
