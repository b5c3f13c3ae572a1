"""The displays that write plain lines."""

import sys
from types import TracebackType
from typing import Self

import google.rpc.error_details_pb2  # noqa: F401 -- JSON shows the details of a failed job by it
from google.protobuf.json_format import MessageToJson

from kinescribe.cli.stages import Stages
from kinescribe.cli.words import counted, harmless
from kinescribe.v1 import video_service_pb2 as wire


class Silent:
    """Problems only."""

    wants_gauges = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout.flush()

    def started(self, name: str, job_id: str) -> None: ...

    def message(self, name: str, message: wire.WatchJobResponse) -> None: ...

    def ended(self, name: str) -> None: ...

    def say(self, line: str) -> None:
        print(harmless(line), file=sys.stderr, flush=True)  # noqa: T201 -- this is the terminal

    def note(self, line: str) -> None: ...

    def result(self, line: str) -> None: ...


class JsonLines(Silent):
    """Each message as one line of proto3 JSON, and nothing else, on standard output."""

    def message(self, name: str, message: wire.WatchJobResponse) -> None:
        print(MessageToJson(message, indent=None, ensure_ascii=False), flush=True)  # noqa: T201 -- this is the output


class Lines(Silent):
    """A line for each change that matters, for logs and pipes."""

    def __init__(self) -> None:
        self._stages: dict[str, Stages] = {}

    def started(self, name: str, job_id: str) -> None:
        self.note(f"{name}: job {job_id}")

    def message(self, name: str, message: wire.WatchJobResponse) -> None:
        before = self._stages.get(name, Stages())
        after = before.after(message)
        self._stages[name] = after
        for line in changes(before, after):
            self.note(f"{name}: {line}")

    def note(self, line: str) -> None:
        self.say(line)

    def result(self, line: str) -> None:
        print(line, flush=True)  # noqa: T201 -- this is the output


def changes(before: Stages, after: Stages) -> list[str]:
    """What has become complete."""
    reached = _milestones(before)
    return [line for line in _milestones(after) if line not in reached]


def _milestones(stages: Stages) -> list[str]:
    if not stages.segments:
        return []
    scenes = counted(stages.segments, "scene")
    parts = {"audio": stages.audio, "pictures": stages.pictures, "clips": stages.clips}
    complete = [f"{name} of {scenes} ready" for name, done in parts.items() if done == stages.segments]
    return [f"script ready, {scenes}", *complete, *(["film ready"] if stages.film >= 1 else [])]
