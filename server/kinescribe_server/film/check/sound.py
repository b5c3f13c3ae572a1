"""How loud sound is, how high its peaks are, and where there is none. It is measured as it is heard, a second at a
time.

Loudness is that of ITU-R BS.1770-4 and EBU R 128. FFmpeg's meter tells the loudness of each 400 ms, ten times a second;
the two gates are applied here, so that the loudness of a film can be told from those of its clips.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kinescribe_server.film.check.container import OPTIONS
from kinescribe_server.film.timing import SOUND_RATE

Samples = NDArray[np.float32]  # channels x samples

# Sound that is lower than this for longer is not heard as speech or music, nor as the noise of a room.
SILENCE_DB = -60.0
SILENT_SECONDS = 3.0
_STEP = SOUND_RATE // 100
# What is told where there is nothing at all.
FLOOR_DB = -100.0
# The gates of BS.1770-4, and how finely loudness is counted: a film's is then right to a few hundredths.
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_BINS = 10
# Between samples sound rises by at most this much in practice; only blocks that could hold the peak are looked at.
_OVERSHOOT = 10 ** (-3 / 20)
_TAPS = 12

Loudness = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Heard:
    """How often each loudness occurs, in tenths of a LUFS; the peak in dBFS and between samples in dBTP; where it is
    silent, in seconds; and how long it is."""

    loudness: Loudness
    peak: float
    true_peak: float
    silent: tuple[tuple[float, float], ...]
    seconds: float


def integrated(loudness: Loudness) -> float | None:
    """The integrated loudness in LUFS; None where nothing is above the gate."""
    levels = np.array(sorted(loudness), np.float64) / _BINS
    counts = np.array([loudness[level] for level in sorted(loudness)], np.float64)
    powers = 10 ** (levels / 10)
    above = levels > _ABSOLUTE_GATE
    if not above.any():
        return None
    gate = 10 * math.log10(np.average(powers[above], weights=counts[above])) + _RELATIVE_GATE
    above &= levels > gate
    return 10 * math.log10(np.average(powers[above], weights=counts[above]))


def together(parts: Iterable[Loudness]) -> Loudness:
    """The loudness of sounds that follow each other."""
    counts: dict[int, int] = {}
    for part in parts:
        for level, count in part.items():
            counts[level] = counts.get(level, 0) + count
    return counts


def overlaps(
    stretches: Iterable[tuple[float, float]], spans: Iterable[tuple[float, float]], longer_than: float = 0.0
) -> list[tuple[float, float]]:
    """What stretches and spans have in common, if it is longer than some seconds. Both are in order, and neither
    overlaps itself."""
    waiting = list(spans)
    found: list[tuple[float, float]] = []
    first = 0
    for start, end in stretches:
        while first < len(waiting) and waiting[first][1] <= start:
            first += 1
        for span in waiting[first:]:
            if span[0] >= end:
                break
            both = (max(start, span[0]), min(end, span[1]))
            if both[1] - both[0] > longer_than:
                found.append(both)
    return found


@dataclass(slots=True)
class SoundMeter:
    """Hears decoded frames at 48 kHz, of one or two channels. How loud it is counts `within` some stretches of time, in
    seconds and in order; None for all the time."""

    layout: str = "mono"
    within: Sequence[tuple[float, float]] | None = None
    _waiting: list[Samples] = field(default_factory=list)
    _waits: int = 0
    _counts: dict[int, int] = field(default_factory=dict)
    _quiet: list[NDArray[np.bool_]] = field(default_factory=list)
    _before: Samples | None = None
    _samples: int = 0
    _peak: float = 0.0
    _true_peak: float = 0.0
    _graph: Graph | None = None

    def hear(self, samples: Samples) -> None:
        self._waiting.append(samples)
        self._waits += samples.shape[1]
        if self._waits >= SOUND_RATE:
            joined = np.concatenate(self._waiting, axis=1)
            whole = joined.shape[1] - joined.shape[1] % _STEP
            self._measure(joined[:, :whole])
            self._waiting, self._waits = [joined[:, whole:]], joined.shape[1] - whole

    def heard(self) -> Heard:
        """What was heard; nothing can be heard after it."""
        if self._waits:
            rest = np.concatenate(self._waiting, axis=1)
            length = rest.shape[1]
            self._measure(np.pad(rest, ((0, 0), (0, -length % _STEP))))
            self._samples += length - (length + -length % _STEP)
        if self._graph is not None:
            self._graph.push(None)
            self._count()
        seconds = self._samples / SOUND_RATE
        return Heard(self._counts, _decibels(self._peak), _decibels(self._true_peak), self._silences(seconds), seconds)

    def _measure(self, block: Samples) -> None:
        """Measures whole steps."""
        if self._graph is None:
            self._graph = _meter(self.layout)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=self.layout)
        frame.sample_rate, frame.pts = SOUND_RATE, self._samples
        self._graph.push(frame)
        self._count()
        peaks = np.abs(block).reshape(len(block), -1, _STEP).max(axis=(0, 2))
        self._quiet.append(peaks < 10 ** (SILENCE_DB / 20))
        self._peak = max(self._peak, float(peaks.max()))
        self._look_between(block, peaks)
        self._samples += block.shape[1]

    def _look_between(self, block: Samples, peaks: NDArray[np.float32]) -> None:
        """The true peak (BS.1770-4, annex 2): four values for each sample, where one could be the highest."""
        before = np.zeros((len(block), _TAPS), np.float32) if self._before is None else self._before
        joined = np.concatenate((before, block), axis=1)
        self._before = joined[:, -_TAPS:]
        steps = np.flatnonzero(peaks > max(self._peak, self._true_peak) * _OVERSHOOT)
        if len(steps):
            places = steps[:, None] * _STEP + np.arange(_STEP + _TAPS - 1)
            between = sliding_window_view(joined[:, places], _TAPS, axis=2) @ _PHASES
            self._true_peak = max(self._true_peak, float(np.abs(between).max()))
        self._true_peak = max(self._true_peak, self._peak)

    def _count(self) -> None:
        while self._graph is not None:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            if not isinstance(frame, AudioFrame) or not self._counts_at((frame.pts or 0) / SOUND_RATE):
                continue
            loudness = float(frame.metadata.get("lavfi.r128.M", FLOOR_DB))
            if loudness > _ABSOLUTE_GATE:  # digital silence is not a number
                level = round(loudness * _BINS)
                self._counts[level] = self._counts.get(level, 0) + 1

    def _counts_at(self, seconds: float) -> bool:
        if self.within is None:
            return True
        index = bisect_right(self.within, (seconds, math.inf)) - 1
        return index >= 0 and seconds < self.within[index][1]

    def _silences(self, seconds: float) -> tuple[tuple[float, float], ...]:
        """The stretches of silence that are long enough to matter."""
        quiet = np.concatenate(self._quiet) if self._quiet else np.zeros(0, np.bool_)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], quiet, [False])))).reshape(-1, 2) / 100
        return tuple((float(start), min(float(end), seconds)) for start, end in edges if end - start > SILENT_SECONDS)


def _meter(layout: str) -> Graph:
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=SOUND_RATE, format="fltp", layout=layout),
        graph.add("ebur128", "metadata=1:framelog=quiet"),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _phases() -> NDArray[np.float32]:
    """A low-pass of 12 taps at four places between two samples (columns): a sinc in a Hann window."""
    times = np.arange(_TAPS)[:, None] - (_TAPS / 2 - 1) - np.arange(4)[None, :] / 4
    taps = np.sinc(times) * np.cos(np.pi * times / (_TAPS + 1)) ** 2
    phases: NDArray[np.float32] = (taps / taps.sum(axis=0)).astype(np.float32)
    return phases


_PHASES = _phases()


def _decibels(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


def measured_sound(path: Path, within: Sequence[tuple[float, float]] | None = None) -> Heard:
    """The first sound of a file that has one, as it is heard; `within` as of SoundMeter. More than two channels are
    heard as two."""
    with av.open(str(path), options=OPTIONS, metadata_errors="replace") as file:
        stream = file.streams.audio[0]
        layout = "mono" if stream.codec_context.layout.nb_channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=SOUND_RATE)
        meter = SoundMeter(layout, within)
        for frame in chain(file.decode(stream), [None]):
            for resampled in resampler.resample(frame):
                meter.hear(samples_of(resampled))
        return meter.heard()


def samples_of(frame: AudioFrame) -> Samples:
    """The samples of a frame of planes of floats. (PyAV's own way takes three times as long.)"""
    return np.stack([np.frombuffer(memoryview(plane), np.float32, frame.samples) for plane in frame.planes])
