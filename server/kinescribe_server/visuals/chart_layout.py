"""What a chart's page consists of, and what all kinds of charts share: words with measured widths, colours, legends."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kinescribe_server.script.model import Chart
from kinescribe_server.visuals.chart_numbers import NO_AXIS, Axis, Values
from kinescribe_server.visuals.contrast import mixed
from kinescribe_server.visuals.svg_geometry import Box
from kinescribe_server.visuals.themes import Theme

# A line of text is so high, in type sizes (the edges of `page.typ`).
LINE = 1.22
# Between text and what it belongs to, in design pixels.
GAP = 16.0
_LEGEND = 36.0
_SWATCH = 0.84
# A name in a legend takes at most so much of the width.
_LONGEST_NAME = 0.42
# A letter is about so wide, in type sizes, until it has been measured.
_LETTER = 0.55
# Sums of widths miss by less than this.
_HAIR = 1.001


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text: what is shown, what it says in full, the upper left corner and the width of its box in pixels,
    its size, side and colour, and the state in which it appears."""

    shown: str
    full: str
    x: float
    y: float
    width: float
    size: float
    side: str
    color: str
    first: int = 0


@dataclass(frozen=True, slots=True)
class Swatch:
    """A square of a legend, in the colour of a part."""

    box: Box
    color: str
    part: int


@dataclass(frozen=True, slots=True)
class Room:
    """The page below its head, in pixels; `unit` is a design pixel."""

    left: float
    top: float
    right: float
    bottom: float
    unit: float

    @property
    def width(self) -> float:
        return self.right - self.left


@dataclass(frozen=True, slots=True)
class Plan:
    """A chart ready to be drawn: the plot's box in pixels, its axes, and everything around it. `parts` are the words
    that introduce what each state adds."""

    chart: Chart
    plot: Box
    colors: tuple[str, ...]
    parts: tuple[str, ...]
    labels: tuple[Label, ...]
    swatches: tuple[Swatch, ...] = ()
    across: Axis = NO_AXIS
    values: Axis = NO_AXIS
    bins: Values = ()
    lying: bool = False


@dataclass(slots=True)
class Words:
    """The texts of a chart: in which theme and language they are written, and how wide they are at size 1. Those that
    were `asked` for and are not among the `widths` are to be measured, and the chart to be planned again."""

    theme: Theme
    language: str
    widths: Mapping[str, float] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def width(self, text: str, size: float) -> float:
        self.asked.add(text)
        return self.widths.get(text, len(text) * _LETTER) * size

    def cut(self, text: str, size: float, limit: float) -> str:
        """The text, or as much of its beginning as has room in `limit` pixels."""
        width = self.width(text, size)
        if width <= limit * _HAIR:
            return text
        # A cut text is not measured again, so it is cut a little shorter.
        kept = int(len(text) * limit / width * 0.92) - 1
        return text[:kept].rstrip() + "…" if kept > 0 else "…"

    def label(
        self, text: str, at: tuple[float, float, float], size: float, side: str = "left", *, muted: bool = False,
        first: int = 0,
    ) -> Label:  # fmt: skip
        """A label in a box (left, top, width), cut where it is too long for it."""
        x, y, width = at
        color = self.theme.colors["muted" if muted else "text"]
        return Label(self.cut(text, size, width), text, x, y, width, size, side, color, first)


def series_colors(theme: Theme, count: int) -> tuple[str, ...]:
    """A colour for each series, which can all be seen on the page: the accent, then always the ink of the theme that
    is least like those before. A second round is halfway to the text's colour."""
    left = sorted(set(theme.code.values()))
    chosen = [theme.colors["accent"]]
    while left:
        chosen.append(max(left, key=lambda ink: min(_difference(ink, other) for other in chosen)))
        left.remove(chosen[-1])
    rounds = [*chosen, *(mixed(ink, theme.colors["text"], 0.5) for ink in chosen)]
    return tuple(rounds[index % len(rounds)] for index in range(count))


def _difference(one: str, other: str) -> float:
    """How different two colours look, roughly (T. Riemersma, "Colour metric", the redmean formula, squared)."""
    (r, g, b), (s, h, c) = ([int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in (one, other))
    red = (r + s) / 2
    return (2 + red / 256) * (r - s) ** 2 + 4 * (g - h) ** 2 + (2 + (255 - red) / 256) * (b - c) ** 2


def legend(
    names: Sequence[str], colors: Sequence[str], words: Words, room: Room
) -> tuple[list[Label], list[Swatch], float]:
    """The names of series in rows from the top of the room, and where the rows end."""
    size = _LEGEND * room.unit
    swatch, gap = _SWATCH * size, GAP * room.unit
    labels, swatches = [], []
    x, y = room.left, room.top
    for part, name in enumerate(names):
        width = min(words.width(name, size), _LONGEST_NAME * room.width)
        if x > room.left and x + swatch + gap + width > room.right:
            x, y = room.left, y + LINE * size * 1.15
        middle = y + LINE * size / 2
        swatches.append(Swatch((x, middle - swatch / 2, x + swatch, middle + swatch / 2), colors[part], part))
        labels.append(words.label(name, (x + swatch + gap, y, width), size, first=part))
        x += swatch + gap + width + 3 * gap
    return labels, swatches, y + LINE * size * 1.5


def halves(text: str) -> tuple[str, str] | None:
    """The text in two lines of about the same length; None for a single word."""
    spaces = [index for index, letter in enumerate(text) if letter == " "]
    if not spaces:
        return None
    middle = min(spaces, key=lambda index: abs(index - len(text) / 2))
    return text[:middle], text[middle + 1 :]


def wrapped(text: str, words: Words, size: float, limit: float, most: int) -> list[str]:
    """The text in lines of at most `limit` pixels; what is left is on the last of `most` lines."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and (len(lines) == most or words.width(longer, size) <= limit):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def places(axis: Axis, start: float, end: float) -> Iterator[tuple[float, float]]:
    """Each tick of an axis with its place between two pixels."""
    for tick in axis.ticks:
        yield tick, start + (tick - axis.low) / (axis.high - axis.low) * (end - start)
