"""What can go wrong, with what a caller needs to know of it: a stable reason, and whether a retry can help."""

from dataclasses import dataclass


class KinescribeError(Exception):
    """An error with a stable upper-case `reason`."""

    reason = "INTERNAL"
    retryable = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MakeError(KinescribeError):
    """A maker could not make what was asked for. It crosses process boundaries, so it is built from plain arguments.

    `retryable` says whether another attempt on the same input can end differently: False for input that is wrong.
    """

    def __init__(self, reason: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.retryable = retryable

    def __reduce__(self) -> tuple[object, ...]:
        return _make_error, (self.reason, self.message, self.retryable)


class InstallationError(KinescribeError):
    """What was made is wrong for a reason that nothing here should hide: a key that is refused, a model that is not
    there."""

    def __init__(self, error: MakeError) -> None:
        super().__init__(error.message)
        self.reason = error.reason


class StandInRefusedError(KinescribeError):
    """A maker that was chosen failed, and `strict` wants no other in its place."""

    reason = "DEGRADED"


def _make_error(reason: str, message: str, retryable: bool) -> MakeError:
    return MakeError(reason, message, retryable=retryable)


class SettingError(KinescribeError):
    """The service was set up in a way in which it cannot run."""

    reason = "SETTING_INVALID"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with a request: the field, and what was given and what is allowed."""

    field: str
    description: str


class InvalidRequestError(KinescribeError):
    """A request has violations; all of them are named."""

    reason = "INVALID_REQUEST"

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        super().__init__("; ".join(f"{violation.field}: {violation.description}" for violation in violations))
        self.violations = violations


class RequestIdReusedError(KinescribeError):
    reason = "REQUEST_ID_REUSED"


class JobNotFoundError(KinescribeError):
    reason = "JOB_NOT_FOUND"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {job_id[:64]!r}: it never was, was deleted or has expired")


class ArtifactNotFoundError(KinescribeError):
    reason = "ARTIFACT_NOT_FOUND"


class SequenceInFutureError(KinescribeError):
    reason = "SEQUENCE_IN_FUTURE"

    def __init__(self, after_sequence: int, last: int) -> None:
        super().__init__(f"after_sequence is {after_sequence}, but the job's last event is {last}")


class LogForkedError(KinescribeError):
    reason = "LOG_FORKED"

    def __init__(self, after_sequence: int) -> None:
        super().__init__(
            f"event {after_sequence} is not the one that was seen before: the state store lost writes. "
            "Watch again with after_sequence 0"
        )


class QueueFullError(KinescribeError):
    reason = "QUEUE_FULL"
    retryable = True


class QuotaExceededError(KinescribeError):
    """An owner has used up what an owner may use; `retry_seconds` tells when there is more (0: unknown)."""

    reason = "QUOTA_EXCEEDED"
    retryable = True

    def __init__(self, message: str, retry_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_seconds = retry_seconds


class WatchLimitError(KinescribeError):
    reason = "WATCH_LIMIT"
    retryable = True


class StorageFullError(KinescribeError):
    reason = "STORAGE_FULL"
    retryable = True


class ServerDrainingError(KinescribeError):
    reason = "SERVER_DRAINING"
    retryable = True


class StateStoreUnavailableError(KinescribeError):
    reason = "STATE_STORE_UNAVAILABLE"
    retryable = True
