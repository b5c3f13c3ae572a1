"""What is new in a picture appears: it fades in where it stands, rises a little where there was nothing, or is drawn
from one end to the other. Everything else stays exactly as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import av
import numpy as np
from numpy.typing import NDArray

from kinescribe_server.film.picture import Plane, Planes, planes_of

# A longer motion would keep the picture from resting.
_LONGEST_SECONDS = 0.5
# Fewer pictures are no motion.
_LEAST_FRAMES = 2
# How far below its place something new starts: 12 pixels of 1080.
_RISE = 0.011
# The soft edge of what is being drawn, as a share of its length.
_EDGE = 0.3
# A ground with no more contrast than that is empty: the rounding of one colour.
_EMPTY = 2
# Weights are in 1/128, so that a difference of two samples times a weight fits 16 bits.
_WEIGHT_BITS = 7
# Samples of luma for one of each plane, in rows and columns.
_SCALES = (1, 2, 2)


class Way(Enum):
    """How something appears. What rises only fades in where there was something before."""

    FADE = "fade"
    RISE = "rise"
    DRAW = "draw"


@dataclass(frozen=True, slots=True)
class Region:
    """Rows and columns of luma, from the first to before the last; all even, as chroma has half as many."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, plane: Plane, scale: int) -> Plane:
        """The part of a plane that has one sample for `scale` rows and columns."""
        return plane[self.top // scale : self.bottom // scale, self.left // scale : self.right // scale]

    @property
    def centre(self) -> tuple[int, int]:
        """Row and column."""
        return (self.top + self.bottom) // 2, (self.left + self.right) // 2


def motion_frames(seconds: float, frame_rate: int, held: int) -> int:
    """How many frames something takes to appear, of the `held` that it is seen: for at least half of them it rests."""
    frames = min(round(min(seconds, _LONGEST_SECONDS) * frame_rate), held // 2)
    return frames if frames >= _LEAST_FRAMES else 0


def changed_region(old: av.VideoFrame, new: av.VideoFrame, height: int) -> Region | None:
    """The smallest region outside of which two pictures are the same, as far as `height`; None for equal pictures."""
    spans = []
    for before, after, scale in zip(planes_of(old), planes_of(new), _SCALES, strict=True):
        differs = before[: height // scale] != after[: height // scale]
        rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
        if len(rows):
            step = 2 // scale  # of this plane's samples, from one even row of luma to the next
            top, bottom = rows[0] // step * 2, (rows[-1] // step + 1) * 2
            left, right = columns[0] // step * 2, (columns[-1] // step + 1) * 2
            spans.append((top, bottom, left, right))
    if not spans:
        return None
    tops, bottoms, lefts, rights = zip(*spans, strict=True)
    return Region(int(min(tops)), int(max(bottoms)), int(min(lefts)), int(max(rights)))


def in_between(
    old: av.VideoFrame, new: av.VideoFrame, region: Region, count: int, way: Way, *, after: Region | None = None
) -> Iterator[av.VideoFrame]:
    """The frames that lead from one picture to another in `region`; elsewhere the new one is seen at once. Each is
    valid until the next one is asked for. What is drawn starts where it is nearest to what was drawn before it
    (`after`)."""
    rise = _rise(planes_of(old)[0], region, new.height) if way is Way.RISE else 0
    region = Region(region.top, region.bottom + rise, region.left, region.right)
    canvas = av.VideoFrame(new.width, new.height, "yuv420p")
    parts = list(_parts(planes_of(canvas), planes_of(old), planes_of(new), region))
    for number in range(1, count + 1):
        progress = _eased(number / (count + 1))
        shift = 2 * round(rise * (1 - progress) / 2)
        for part in parts:
            weight = _drawn(part, progress, region, after) if way is Way.DRAW else np.float64(progress)
            part.draw(weight, shift)
        yield canvas


def _eased(progress: float) -> float:
    """Fast at first, so that a word is seen as it is heard, and gently at the end."""
    return 1 - (1 - progress) ** 2


@dataclass(frozen=True, slots=True)
class _Part:
    """The region in one plane: where it is drawn, what was there, and what is added to that in the end."""

    canvas: Plane
    old: Plane
    difference: NDArray[np.int16]
    scale: int

    def draw(self, weight: "NDArray[np.float64] | np.float64", shift: int) -> None:
        """Draws as much of the new as `weight` says, `shift` rows of luma too low."""
        moved = shift // self.scale
        steps = np.rint(weight * (1 << _WEIGHT_BITS)).astype(np.int16)
        added = self.difference[: len(self.difference) - moved] * steps
        added += 1 << (_WEIGHT_BITS - 1)
        added >>= _WEIGHT_BITS
        self.canvas[:moved] = self.old[:moved]
        np.add(self.old[moved:], added, out=self.canvas[moved:], casting="unsafe")


def _parts(canvas: Planes, old: Planes, new: Planes, region: Region) -> Iterator[_Part]:
    """Makes the canvas a copy of the new picture, and cuts the region out of it."""
    for target, before, after, scale in zip(canvas, old, new, _SCALES, strict=True):
        target[:] = after
        difference = np.subtract(region.of(after, scale), region.of(before, scale), dtype=np.int16)
        yield _Part(region.of(target, scale), region.of(before, scale), difference, scale)


def _rise(old_luma: Plane, region: Region, height: int) -> int:
    """How far what is new rises: not at all where it would come over something that is there."""
    rise = 2 * round(_RISE * height / 2)
    ground = old_luma[region.top : region.bottom + rise, region.left : region.right]
    return rise if region.bottom + rise <= height and np.ptp(ground) <= _EMPTY else 0


def _drawn(part: _Part, progress: float, region: Region, after: Region | None) -> NDArray[np.float64]:
    """How much is seen of every column (or row, of what is higher than wide) of something that is being drawn."""
    rows, columns = part.canvas.shape
    along = 1 if columns >= rows else 0
    length = part.canvas.shape[along]
    place = (np.arange(length) + 0.5) / length
    if after is not None and region.centre[along] < after.centre[along]:
        place = place[::-1]
    seen: NDArray[np.float64] = ((progress * (1 + _EDGE) - place) / _EDGE).clip(0, 1)
    return seen if along == 1 else seen[:, np.newaxis]
