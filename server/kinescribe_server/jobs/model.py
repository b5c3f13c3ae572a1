"""What a job and its steps are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from pydantic import TypeAdapter

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.script.model import Block, Columns, Image, Script, Slide, Visual

# The name of the owner of every job until tokens are switched on.
LOCAL_OWNER = "local"


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self in {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED}


class StepKind(StrEnum):
    SCRIPT = "script"
    SPEECH = "speech"
    VISUAL = "visual"
    RENDER = "render"
    COMPOSE = "compose"


class CaptionMode(StrEnum):
    SIDECAR = "sidecar"
    OFF = "off"
    BURNED_IN = "burned_in"


class MotionMode(StrEnum):
    NONE = "none"
    SUBTLE = "subtle"


class Resource(StrEnum):
    """A kind of worker; each has its own pool or queue."""

    SCRIPT = "script"
    SPEECH = "speech"
    VISUAL = "visual"
    RENDER = "render"


@dataclass(frozen=True, slots=True)
class Step:
    """One unit of work of a job, written `script`, `speech:3`, `visual:3`, `render:3` or `compose`."""

    kind: StepKind
    segment: int | None = None

    def __str__(self) -> str:
        return self.kind if self.segment is None else f"{self.kind}:{self.segment}"

    @classmethod
    def parse(cls, text: str) -> Self:
        kind, _, segment = text.partition(":")
        return cls(StepKind(kind), int(segment) if segment else None)

    @property
    def resource(self) -> Resource:
        match self.kind:
            case StepKind.SCRIPT:
                return Resource.SCRIPT
            case StepKind.SPEECH:
                return Resource.SPEECH
            case StepKind.VISUAL:
                return Resource.VISUAL
            case StepKind.RENDER | StepKind.COMPOSE:
                return Resource.RENDER


@dataclass(frozen=True, slots=True)
class StepRef:
    """A step of a job, as the engine carries it."""

    job_id: str
    step: Step


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of a job is done."""

    segments: int = 0
    audio: int = 0
    visual: int = 0
    rendered: int = 0
    composed: int = 0


@dataclass(frozen=True, slots=True)
class BrandOptions:
    """The user's colours (#rrggbb in lower case) and font families by their role in the theme, and the name under which
    the logo was uploaded ("" for none)."""

    colors: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo_attachment: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How a film is to be made, every default filled in."""

    theme: str
    voice: str = ""
    language: str = ""
    width: int = 1920
    height: int = 1080
    frame_rate: int = 30
    speaking_rate: float = 1.0
    captions: CaptionMode = CaptionMode.SIDECAR
    writer: str = "offline"
    lexicon: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    retention_seconds: float = 7 * 86_400
    brand: BrandOptions | None = None
    music: str = ""
    motion: MotionMode = MotionMode.SUBTLE


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a job was asked for. The source is a stored file: source text, or a script as JSON. `attachments` maps the
    names of all uploaded files that the job uses to the SHA-256 of their bytes, `images` the pictures that the source
    text names, by their paths as the text has them, to names of attachments."""

    source: str
    source_is_script: bool
    options: Options
    labels: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[str, str] = field(default_factory=dict)
    execution_timeout: float | None = None
    images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Warn:
    """Something that was replaced, left out or degraded."""

    segment: int | None
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took to make something, in seconds of CPU (child processes included) and by the clock."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class StepResult:
    """What came out of a step: stored files by role, details, who made it, why it is degraded ("" if it is not), and
    what it cost when it was made."""

    files: Mapping[str, StoredFile]
    details: Mapping[str, Any]
    maker: str
    cached: bool = False
    degraded: str = ""
    cost: Cost = Cost()


STEP_RESULT: TypeAdapter[StepResult] = TypeAdapter(StepResult)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the store has it. Times are in milliseconds since the epoch, 0 for what has not happened, all by the
    store's clock; `read_ms` is now. `trace_id` is that of the call that started the job."""

    job_id: str
    owner: str
    request: JobRequest
    status: JobStatus
    sequence: int
    counts: Counts
    created_ms: int
    read_ms: int
    started_ms: int = 0
    ended_ms: int = 0
    error_reason: str = ""
    error_message: str = ""
    film_seconds: float = 0.0
    warnings: tuple[Warn, ...] = ()
    trace_id: str = ""

    @property
    def expires_ms(self) -> int:
        return self.ended_ms + int(self.request.options.retention_seconds * 1000) if self.ended_ms else 0


def attachments_of_script(script: Script) -> Iterator[tuple[str, str]]:
    """The attachments that a script names, each with the path of the field that names it."""
    for index, scene in enumerate(script.scenes):
        if scene.audio_attachment:
            yield f"scenes[{index}].audio_attachment", scene.audio_attachment
        for field_path, name in attachments_of_visual(scene.visual):
            yield f"scenes[{index}].visual.{field_path}", name


def attachments_of_visual(visual: Visual | None) -> Iterator[tuple[str, str]]:
    """The attachments that a visual names, each with the path of the field that names it."""
    match visual:
        case Image(attachment=name) if name:  # none: a placeholder says that the picture is missing
            yield "image.attachment", name
        case Slide(blocks=blocks):
            yield from _attachments_of_blocks("slide.blocks", blocks)


def _attachments_of_blocks(at: str, blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    for index, block in enumerate(blocks):
        match block:
            case Image(attachment=name) if name:
                yield f"{at}[{index}].image.attachment", name
            case Columns(first=first, second=second):
                yield from _attachments_of_blocks(f"{at}[{index}].columns.first", first)
                yield from _attachments_of_blocks(f"{at}[{index}].columns.second", second)
