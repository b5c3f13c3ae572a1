"""What a person or a program sees of the work: bars on a terminal, lines elsewhere, JSON on request, or nothing.

Progress and problems go to standard error, results to standard output.
"""

import sys
from types import TracebackType
from typing import Protocol, Self

from kinescribe.v1 import video_service_pb2 as wire


class Display(Protocol):
    """Shows jobs under the names that the user gave them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @property
    def wants_gauges(self) -> bool: ...

    def started(self, name: str, job_id: str) -> None: ...

    def message(self, name: str, message: wire.WatchJobResponse) -> None: ...

    def ended(self, name: str) -> None:
        """Nothing more comes from this job."""
        ...

    def say(self, line: str) -> None:
        """Shows a line that matters even to those who want no progress: a problem."""
        ...

    def note(self, line: str) -> None:
        """Shows a line to people who want to see progress."""
        ...

    def result(self, line: str) -> None:
        """Shows a result to a program that reads standard output."""
        ...


def choose(*, json: bool, quiet: bool, films: int) -> Display:
    """The display for this terminal or pipe."""
    from kinescribe.cli.bars import Bars  # noqa: PLC0415 -- rich takes its time, and a pipe never needs it
    from kinescribe.cli.lines import JsonLines, Lines, Silent  # noqa: PLC0415

    if json:
        return JsonLines()
    if quiet:
        return Silent()
    return Bars(films) if sys.stderr.isatty() else Lines()
