"""The durable facts about a job, in the form in which the log keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Discriminator, TypeAdapter

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.jobs.model import Counts, JobStatus, StepKind


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A stored file under its name within a job, for example "segments/0003/audio.wav"."""

    name: str
    file: StoredFile


@dataclass(frozen=True, slots=True)
class JobAccepted:
    labels: Mapping[str, str]
    type: Literal["job_accepted"] = "job_accepted"


@dataclass(frozen=True, slots=True)
class ScriptReady:
    script: NamedFile
    segments: int
    cached: bool
    writer: str
    type: Literal["script_ready"] = "script_ready"


@dataclass(frozen=True, slots=True)
class AudioReady:
    segment: int
    audio: NamedFile
    cached: bool
    maker: str
    type: Literal["audio_ready"] = "audio_ready"


@dataclass(frozen=True, slots=True)
class VisualReady:
    segment: int
    states: tuple[NamedFile, ...]
    cached: bool
    maker: str
    type: Literal["visual_ready"] = "visual_ready"


@dataclass(frozen=True, slots=True)
class AssetRetried:
    """`delay` in seconds."""

    segment: int | None
    step: StepKind
    attempt: int
    reason: str
    delay: float
    type: Literal["asset_retried"] = "asset_retried"


@dataclass(frozen=True, slots=True)
class AssetDegraded:
    segment: int | None
    step: StepKind
    reason: str
    message: str
    type: Literal["asset_degraded"] = "asset_degraded"


@dataclass(frozen=True, slots=True)
class SegmentRenderReady:
    """Written by the composer."""

    segment: int
    type: Literal["segment_render_ready"] = "segment_render_ready"


@dataclass(frozen=True, slots=True)
class SegmentRendered:
    segment: int
    clip: NamedFile
    cached: bool
    type: Literal["segment_rendered"] = "segment_rendered"


@dataclass(frozen=True, slots=True)
class FilmSummary:
    """The film and what stands beside it; `duration` in seconds."""

    film: NamedFile
    extras: tuple[NamedFile, ...]
    duration: float
    width: int
    height: int
    frame_rate: int


@dataclass(frozen=True, slots=True)
class VideoReady:
    video: FilmSummary
    cached: bool
    type: Literal["video_ready"] = "video_ready"


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Written by the composer."""

    type: Literal["cancel_requested"] = "cancel_requested"


@dataclass(frozen=True, slots=True)
class JobFinished:
    """Written by the composer; `error_reason` is empty if there is a film. CPU is in seconds."""

    status: JobStatus
    error_reason: str
    error_message: str
    degraded_segments: int
    cached_steps: int
    made_steps: int
    warnings: int
    cpu_saved: float = 0.0
    cpu_spent: float = 0.0
    type: Literal["job_finished"] = "job_finished"


Event = (
    JobAccepted
    | ScriptReady
    | AudioReady
    | VisualReady
    | AssetRetried
    | AssetDegraded
    | SegmentRenderReady
    | SegmentRendered
    | VideoReady
    | CancelRequested
    | JobFinished
)

EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Discriminator("type")])


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An event with its number, chain and time (milliseconds since the epoch, by Redis's clock)."""

    job_id: str
    sequence: int
    chain: str
    time_ms: int
    counts: Counts
    event: Event
