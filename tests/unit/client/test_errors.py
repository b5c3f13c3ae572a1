"""Errors of calls and jobs become typed exceptions."""

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from kinescribe import (
    ArtifactNotFound,
    InvalidRequest,
    JobNotFinished,
    JobNotFound,
    KinescribeError,
    LogForked,
    NotSupported,
    RequestIdReused,
    ResourceExhausted,
    SequenceInFuture,
    Unauthenticated,
    Unavailable,
)
from kinescribe.errors import from_rpc_error, from_status


def status(code: grpc.StatusCode, *details: Message) -> Status:
    made = Status(code=code.value[0], message="what happened")
    for detail in details:
        packed = Any()
        packed.Pack(detail)
        made.details.append(packed)
    return made


def ours(code: grpc.StatusCode, reason: str) -> KinescribeError:
    return from_status(status(code, ErrorInfo(reason=reason, domain="kinescribe", metadata={"error_id": "7"})))


def rpc_error(code: grpc.StatusCode, details_bin: bytes | None = None) -> grpc.aio.AioRpcError:
    trailing = grpc.aio.Metadata(*([("grpc-status-details-bin", details_bin)] if details_bin is not None else []))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, "what happened")


@pytest.mark.parametrize(
    ("code", "reason", "kind", "retryable"),
    [
        (grpc.StatusCode.NOT_FOUND, "JOB_NOT_FOUND", JobNotFound, False),
        (grpc.StatusCode.NOT_FOUND, "ARTIFACT_NOT_FOUND", ArtifactNotFound, False),
        (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", InvalidRequest, False),
        (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED", RequestIdReused, False),
        (grpc.StatusCode.OUT_OF_RANGE, "SEQUENCE_IN_FUTURE", SequenceInFuture, False),
        (grpc.StatusCode.DATA_LOSS, "LOG_FORKED", LogForked, False),
        (grpc.StatusCode.FAILED_PRECONDITION, "JOB_NOT_FINISHED", JobNotFinished, False),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", ResourceExhausted, True),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "A_LATER_QUOTA", ResourceExhausted, True),
        (grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING", Unavailable, True),
        (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID", Unauthenticated, False),
        (grpc.StatusCode.UNIMPLEMENTED, "NOT_SUPPORTED", NotSupported, False),
        (grpc.StatusCode.INTERNAL, "INTERNAL", KinescribeError, False),
        (grpc.StatusCode.ABORTED, "WORKER_LOST", KinescribeError, False),
    ],
)
def test_each_reason_has_its_class(
    code: grpc.StatusCode, reason: str, kind: type[KinescribeError], retryable: bool
) -> None:
    error = ours(code, reason)
    assert type(error) is kind
    assert (error.reason, error.message, error.code, error.retryable) == (reason, "what happened", code, retryable)
    assert error.metadata == {"error_id": "7"}


def test_every_violation_is_kept() -> None:
    request = BadRequest(
        field_violations=[
            BadRequest.FieldViolation(field="options.voice", description="no"),
            BadRequest.FieldViolation(field="options.theme", description="neither"),
        ]
    )
    info = ErrorInfo(reason="INVALID_REQUEST", domain="kinescribe")
    error = from_status(status(grpc.StatusCode.INVALID_ARGUMENT, info, request))
    assert isinstance(error, InvalidRequest)
    assert [(each.field, each.description) for each in error.violations] == [
        ("options.voice", "no"),
        ("options.theme", "neither"),
    ]


def test_when_to_come_back_is_kept() -> None:
    info = ErrorInfo(reason="QUEUE_FULL", domain="kinescribe")
    retry = RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))
    assert from_status(status(grpc.StatusCode.RESOURCE_EXHAUSTED, info, retry)).retry_after == 2.5


@pytest.mark.parametrize("details_bin", [None, b"\xff\xff not a status"])
def test_an_error_of_the_transport_is_worth_another_try(details_bin: bytes | None) -> None:
    error = from_rpc_error(rpc_error(grpc.StatusCode.INTERNAL, details_bin))
    assert isinstance(error, Unavailable)
    assert (error.reason, error.message) == ("INTERNAL", "what happened")


def test_a_message_that_is_too_large_stays_so() -> None:
    error = from_rpc_error(rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED, None))
    assert (error.reason, error.retryable) == ("RESOURCE_EXHAUSTED", False)


def test_details_are_read_from_the_trailing_metadata() -> None:
    details = status(grpc.StatusCode.NOT_FOUND, ErrorInfo(reason="JOB_NOT_FOUND", domain="kinescribe"))
    error = from_rpc_error(rpc_error(grpc.StatusCode.NOT_FOUND, details.SerializeToString()))
    assert isinstance(error, JobNotFound)


def test_the_reason_of_another_domain_is_not_taken_for_ours() -> None:
    foreign = status(grpc.StatusCode.NOT_FOUND, ErrorInfo(reason="JOB_NOT_FOUND", domain="proxy.example"))
    error = from_status(foreign)
    assert type(error) is KinescribeError
    assert error.reason == "NOT_FOUND"
