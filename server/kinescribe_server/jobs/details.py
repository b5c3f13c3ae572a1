"""What the use cases take and answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kinescribe_server.jobs.events import FilmSummary
from kinescribe_server.jobs.model import JobRecord, Options, StepKind, StepResult
from kinescribe_server.script.model import Script


@dataclass(frozen=True, slots=True)
class SourceText:
    """Plain prose or Markdown, and the pictures that it names: the path as the text has it -> the attachment's name."""

    text: str
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a caller asks for, checked and with defaults filled in."""

    source: SourceText | Script
    options: Options
    request_id: str = ""
    labels: Mapping[str, str] | None = None
    execution_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class SegmentState:
    """A segment of a job: its scene's id and title, and the state and result of each of its steps."""

    index: int
    scene_id: str
    title: str
    states: Mapping[StepKind, str]
    results: Mapping[StepKind, StepResult]


@dataclass(frozen=True, slots=True)
class JobDetails:
    """A job in full; the script is None until it is ready, the film until it is made. `ahead` are the jobs before one
    that waits; `seconds_left` is None where that cannot be told."""

    job: JobRecord
    script: Script | None = None
    segments: Sequence[SegmentState] = ()
    film: FilmSummary | None = None
    ahead: int = 0
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class RenderedFilm:
    """As much of a job's film as can be watched: the SHA-256 of the clips of its longest rendered beginning, and
    whether there will be no more."""

    clips: Sequence[str]
    frame_rate: int
    ended: bool
