"""What can go wrong in a call, as exceptions with the service's stable reasons.

The service sends google.rpc.Status in the trailing metadata; it is read here without grpcio-status, which the base
install does not have.
"""

# ruff: noqa: N818 -- the classes are named like the reasons that they stand for

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "kinescribe"
_STATUS_KEY = "grpc-status-details-bin"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request: the field, and what was given and what is allowed."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What an error says of itself."""

    reason: str
    message: str
    code: grpc.StatusCode
    metadata: Mapping[str, str]
    violations: tuple[Violation, ...] = ()
    retry_after: float | None = None


class KinescribeError(Exception):
    """A call failed. `reason` is a stable upper-case identifier, `message` a sentence for people, `metadata` its
    variables; `retryable` says whether the same call can succeed later, and `retry_after` after how many seconds."""

    retryable = False

    def __init__(self, facts: ErrorFacts) -> None:
        super().__init__(f"{facts.reason}: {facts.message}")
        self.reason = facts.reason
        self.message = facts.message
        self.code = facts.code
        self.metadata = facts.metadata
        self.retry_after = facts.retry_after


class JobNotFound(KinescribeError):
    """The job never was, was deleted, has expired, or is another owner's."""


class ArtifactNotFound(KinescribeError):
    """The job has no artifact of that name, or not yet."""


class JobNotFinished(KinescribeError):
    """The call needs a job that has finished."""


class InvalidRequest(KinescribeError):
    """The request is wrong; `violations` names everything that is."""

    def __init__(self, facts: ErrorFacts) -> None:
        super().__init__(facts)
        self.violations = facts.violations


class RequestIdReused(KinescribeError):
    """The request_id was used with another payload."""


class SequenceInFuture(KinescribeError):
    """after_sequence is beyond the job's last event."""


class LogForked(KinescribeError):
    """Events that were seen are gone: the state store lost writes. Watch again from the beginning."""


class Unauthenticated(KinescribeError):
    """The token is missing or wrong."""


class NotSupported(KinescribeError):
    """This installation cannot do it."""


class ResourceExhausted(KinescribeError):
    """A queue, a quota, a limit or the disk is full for now."""

    retryable = True


class Unavailable(KinescribeError):
    """The service cannot be reached, is going away, or did not answer in time."""

    retryable = True


class DownloadCorrupt(KinescribeError):
    """The bytes that came are not the artifact's."""


_BY_REASON: Mapping[str, type[KinescribeError]] = {
    "JOB_NOT_FOUND": JobNotFound,
    "ARTIFACT_NOT_FOUND": ArtifactNotFound,
    "JOB_NOT_FINISHED": JobNotFinished,
    "INVALID_REQUEST": InvalidRequest,
    "REQUEST_ID_REUSED": RequestIdReused,
    "SEQUENCE_IN_FUTURE": SequenceInFuture,
    "LOG_FORKED": LogForked,
    "NOT_SUPPORTED": NotSupported,
}
# For reasons that this version does not know, and for errors that gRPC itself makes. INTERNAL stays plain: a bug is not
# mended by a retry.
_BY_CODE: Mapping[grpc.StatusCode, type[KinescribeError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.UNIMPLEMENTED: NotSupported,
}
# Without ErrorInfo these come from the transport or from something in between (a reset stream, a proxy's time limit),
# since the service itself never ends a call with them.
_TRANSPORT_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)


def lost(reason: str, message: str) -> Unavailable:
    """An error for a connection that the client itself gave up."""
    return Unavailable(ErrorFacts(reason, message, grpc.StatusCode.UNAVAILABLE, {}))


def from_status(status: status_pb2.Status) -> KinescribeError:
    """The error that a google.rpc.Status stands for: that of a call, or that of a failed job."""
    code = _CODES.get(status.code, grpc.StatusCode.UNKNOWN)
    info = error_details_pb2.ErrorInfo()
    request = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    # Unpack answers whether the detail was of that type; of each type there is at most one.
    for detail in status.details:
        detail.Unpack(info) or detail.Unpack(request) or detail.Unpack(retry)
    ours = info.domain == DOMAIN
    facts = ErrorFacts(
        reason=info.reason if ours else code.name,
        message=status.message or code.name,
        code=code,
        metadata=dict(info.metadata),
        violations=tuple(Violation(each.field, each.description) for each in request.field_violations),
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None,
    )
    if not ours and code in _TRANSPORT_CODES:
        return Unavailable(facts)
    if not ours and code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return KinescribeError(facts)  # gRPC's own: the message is too large, and stays so
    kind = _BY_REASON.get(facts.reason) or _BY_CODE.get(code, KinescribeError)
    return kind(facts)


def from_rpc_error(error: grpc.aio.AioRpcError) -> KinescribeError:
    """The error that ended a call."""
    plain = status_pb2.Status(code=error.code().value[0], message=error.details() or "")
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_KEY and isinstance(value, bytes):
            try:
                return from_status(status_pb2.Status.FromString(value))
            except DecodeError:
                break  # not ours; the plain status still says what happened
    return from_status(plain)


@contextmanager
def translated() -> Iterator[None]:
    """Raises what a call inside raises as KinescribeError.

    grpc.aio also raises CancelledError when the *other* side cancels a call; only a task that is being cancelled
    itself may see that one.
    """
    task = asyncio.current_task()
    cancels = task.cancelling() if task else 0
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from error
    except asyncio.CancelledError:
        if task is None or task.cancelling() > cancels:
            raise
        raise lost("CONNECTION_LOST", "the call was cancelled by the other side") from None
