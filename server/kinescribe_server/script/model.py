"""What a script is.

The JSON form of these dataclasses is the proto3 JSON of `kinescribe.v1.Script` with the field names of the proto file,
so that a stored script, one sent over gRPC and one written by hand are the same thing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter, WrapSerializer

LineNumber = int


def _enum(prefix: str) -> tuple[BeforeValidator, PlainSerializer]:
    """Reads and writes `CHART_KIND_BAR` as "bar"."""

    def read(value: Any) -> Any:
        return value.removeprefix(prefix).lower() if isinstance(value, str) else value

    return BeforeValidator(read), PlainSerializer(lambda value: prefix + value.upper(), when_used="json")


def _oneof(**members: type) -> tuple[BeforeValidator, WrapSerializer]:
    """Reads and writes a message of one oneof: {"slide": {…}}."""
    names = {member: name for name, member in members.items()}

    @cache  # making one takes milliseconds, and a script has thousands of messages
    def adapter(name: str) -> TypeAdapter[Any]:
        return TypeAdapter(members[name])

    def write(value: Any) -> dict[str, Any]:
        name = names[type(value)]
        return {name: adapter(name).dump_python(value, mode="json")}

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        if len(value) != 1 or next(iter(value)) not in members:
            raise ValueError(f"expected exactly one of {', '.join(members)}, found {', '.join(value) or 'nothing'}")
        name, content = next(iter(value.items()))
        return adapter(name).validate_python(content)

    return BeforeValidator(read), WrapSerializer(lambda value, _: write(value), when_used="json")


def _read_seconds(value: Any) -> Any:
    return float(value[:-1]) if isinstance(value, str) and value.endswith("s") else value


def _write_seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.9f}".rstrip("0").rstrip(".") + "s"


Seconds = Annotated[float, BeforeValidator(_read_seconds), PlainSerializer(_write_seconds, when_used="json")]


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Bullet:
    text: str
    level: int = 0


@dataclass(frozen=True, slots=True)
class BulletList:
    """`start` is the number of the first item of a numbered list; 0 is 1."""

    items: tuple[Bullet, ...]
    ordered: bool = False
    start: int = 0


@dataclass(frozen=True, slots=True)
class TableRow:
    cells: tuple[str, ...] = ()


Alignment = Annotated[Literal["unspecified", "left", "center", "right"], *_enum("COLUMN_ALIGNMENT_")]


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[str, ...] = ()
    rows: tuple[TableRow, ...] = ()
    alignments: tuple[Alignment, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    text: str
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    attachment: str
    description: str = ""
    title: str = ""


SimpleBlock = Annotated[
    Paragraph | BulletList | Table | Quote | Image,
    *_oneof(paragraph=Paragraph, bullets=BulletList, table=Table, quote=Quote, image=Image),
]


@dataclass(frozen=True, slots=True)
class Columns:
    """Two columns of blocks; the first is read first."""

    first: tuple[SimpleBlock, ...] = ()
    second: tuple[SimpleBlock, ...] = ()


Block = Annotated[
    Paragraph | BulletList | Table | Quote | Columns | Image,
    *_oneof(paragraph=Paragraph, bullets=BulletList, table=Table, quote=Quote, columns=Columns, image=Image),
]

SlideLayout = Annotated[Literal["unspecified", "content", "title", "section", "closing"], *_enum("SLIDE_LAYOUT_")]


@dataclass(frozen=True, slots=True)
class Slide:
    title: str = ""
    subtitle: str = ""
    blocks: tuple[Block, ...] = ()
    layout: SlideLayout = "unspecified"


@dataclass(frozen=True, slots=True)
class Diagram:
    source: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class LineRange:
    """Lines `first` to `last`, both included, counted from 1."""

    first: LineNumber
    last: LineNumber


@dataclass(frozen=True, slots=True)
class Code:
    source: str
    language: str = ""
    title: str = ""
    focus: tuple[LineRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Formula:
    latex: str
    title: str = ""


ChartKind = Annotated[
    Literal["unspecified", "bar", "stacked_bar", "line", "area", "scatter", "pie", "donut", "histogram"],
    *_enum("CHART_KIND_"),
]


@dataclass(frozen=True, slots=True)
class ChartSeries:
    name: str = ""
    values: tuple[float, ...] = ()
    x_values: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    kind: ChartKind = "bar"
    title: str = ""
    labels: tuple[str, ...] = ()
    series: tuple[ChartSeries, ...] = ()
    x_title: str = ""
    y_title: str = ""


@dataclass(frozen=True, slots=True)
class OtherVisual:
    type_name: str
    source: str = ""
    title: str = ""


Visual = Annotated[
    Slide | Diagram | Code | Formula | Chart | Image | OtherVisual,
    *_oneof(slide=Slide, diagram=Diagram, code=Code, formula=Formula, chart=Chart, image=Image, other=OtherVisual),
]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is said and what is seen. `pause_after` is in seconds; None takes the default."""

    id: str = ""
    title: str = ""
    narration: str = ""
    visual: Visual | None = None
    pause_after: Seconds | None = None
    voice: str = ""
    audio_attachment: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    title: str = ""
    language: str = ""
    scenes: tuple[Scene, ...] = ()


SCRIPT: TypeAdapter[Script] = TypeAdapter(Script)
