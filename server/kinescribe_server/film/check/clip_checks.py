"""What is measured of a clip while it is made: once, beside all others, and kept with it."""

import logging
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from kinescribe_server.film.check.layouts import layout_checks
from kinescribe_server.film.check.pictures import Luma, is_black, luma_of, similarity
from kinescribe_server.film.check.sound import SILENT_SECONDS, SoundMeter, overlaps, samples_of
from kinescribe_server.film.timing import Timeline

# So many sizes of sound packets in a row are found again in one place of a film only.
_MARK_PACKETS = 12
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class PictureWatch:
    """Looks at each picture as a player will see it: its key frame is decoded and compared with what was encoded.
    `parameter_sets` is the extradata of the encoder, which has to be told before the first look."""

    parameter_sets: bytes = b""
    _similar: list[float] = field(default_factory=list)
    _black: list[int] = field(default_factory=list)
    _still: list[int] = field(default_factory=list)
    _broken: bool = False
    _before: tuple[Luma, int] | None = None
    _decoder: av.VideoCodecContext | None = None

    def look(self, frame: av.VideoFrame, key_frame: bytes) -> None:
        """`frame` was encoded as `key_frame`. What goes wrong here does not stop the clip."""
        try:
            self._look(frame, key_frame)
        except Exception:
            _LOG.exception("a picture could not be looked at")
            self._broken = True

    def _look(self, frame: av.VideoFrame, key_frame: bytes) -> None:
        wanted, coded = luma_of(frame), zlib.crc32(key_frame)
        shown = self._decoded(key_frame)
        number = len(self._similar)
        self._similar.append(similarity(wanted, shown))
        if is_black(shown) and not is_black(wanted):
            self._black.append(number)
        if self._before is not None and self._before[1] == coded and not np.array_equal(self._before[0], wanted):
            self._still.append(number)
        self._before = (wanted, coded)

    def as_json(self) -> dict[str, Any]:
        """How many pictures there were, the lowest similarity, the pictures (from 0) that are black and should not be,
        and those that should differ from the one before and do not. Raises RuntimeError if a look failed."""
        if self._broken:
            raise RuntimeError("a picture could not be looked at")
        lowest = min(self._similar, default=None)
        return {
            "pictures": len(self._similar),
            "similarity": None if lowest is None else round(lowest, 4),
            "black": self._black,
            "unchanged": self._still,
        }

    def _decoded(self, key_frame: bytes) -> Luma:
        if self._decoder is None:
            self._decoder = av.CodecContext.create("h264", "r")
            self._decoder.extradata, self._decoder.thread_count = self.parameter_sets, 1
            self._decoder.flags |= av.codec.context.Flags.low_delay
        frames = self._decoder.decode(av.Packet(key_frame))
        if not frames:
            frames = self._decoder.decode(None)
            self._decoder = None
        return luma_of(frames[0])


def clip_checks(
    clip: Path, timeline: Timeline, watch: PictureWatch, layout: bytes, *, narrated: bool, constant: bool
) -> Mapping[str, Any]:
    """The details "checks" of a clip: JSON, in which `sound` is what is heard of it, `speech` when something is said,
    `mark` how its sound is found again in a film, and `broken` what could not be measured. `constant` says that its
    pictures are evenly apart."""
    broken: list[str] = []

    def guarded(part: str, measure: Callable[[], Any]) -> Any:
        try:
            return measure()
        except Exception:
            _LOG.exception("a clip could not be measured", extra={"part": part})
            broken.append(part)
            return None

    # What is silent beside the speech was meant to be.
    spoken = [(timeline.speech_start, timeline.speech_end)] if narrated else []
    sound, mark = guarded("sound", lambda: _heard(clip, spoken)) or (None, None)
    return {
        "picture": guarded("picture", watch.as_json),
        "sound": sound,
        "speech": [round(timeline.speech_start, 3), round(timeline.speech_end, 3)] if narrated else None,
        "mark": mark,
        "layout": guarded("layout", lambda: layout_checks(layout)) if layout else None,
        "constant": constant,
        "broken": broken,
    }


def _heard(clip: Path, spoken: Sequence[tuple[float, float]]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """What is heard of a clip in which something is said at some times, and its mark."""
    meter, sizes = SoundMeter(), []
    with av.open(str(clip), format="mp4") as file:
        for packet in file.demux(file.streams.audio[0]):
            if packet.pts is not None and packet.pts >= 0:  # before are the encoder's priming
                sizes.append(packet.size)
            for frame in packet.decode():
                meter.hear(samples_of(frame))
    heard = meter.heard()
    sound = {
        "loudness": {str(level): count for level, count in sorted(heard.loudness.items())},
        "true_peak": round(heard.true_peak, 2),
        "silent": [[round(start, 2), round(end, 2)] for start, end in overlaps(heard.silent, spoken, SILENT_SECONDS)],
    }
    return sound, _mark(sizes)


def _mark(sizes: list[int]) -> Mapping[str, Any]:
    """The packets around the largest one: sound, and not silence, which is the same everywhere."""
    first = max(0, min(int(np.argmax(sizes)) - _MARK_PACKETS // 2, len(sizes) - _MARK_PACKETS - 1))
    return {"packet": first, "sizes": sizes[first : first + _MARK_PACKETS]}
