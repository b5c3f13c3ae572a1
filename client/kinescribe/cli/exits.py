"""How the command line ends."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes that scripts may rely on."""

    DELIVERED = 0
    FAILED = 1
    BAD_INPUT = 2
    DEGRADED = 3  # under --strict
    INTERRUPTED = 130  # as shells say it of Ctrl-C


_FROM_BEST_TO_WORST = (
    ExitCode.DELIVERED,
    ExitCode.DEGRADED,
    ExitCode.FAILED,
    ExitCode.BAD_INPUT,
    ExitCode.INTERRUPTED,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    return max(codes, key=_FROM_BEST_TO_WORST.index, default=ExitCode.DELIVERED)
