"""Loudness: every scene as loud as the next, and no peak that a decoder would clip.

One gain for the whole clip brings it to -16 LUFS (ITU-R BS.1770, as the podcast platforms ask for); a limiter that
looks ahead then takes down the few peaks that this would lift too high. Nothing depends on anything but the samples.
"""

from collections.abc import Iterator

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

LOUDNESS_LUFS = -16.0
# The platforms allow -1.5 dBTP. The limiter sees samples; between them speech rises by 0.5 dB at most (26 clips).
_CEILING = 10 ** (-2.2 / 20)
# BS.1770 measures blocks of 0.4 s and leaves out pauses: a single word is repeated until there is enough to measure.
_MEASURED_SECONDS = 3.0
# Nothing that is meant to be heard needs more; less would not be speech.
_MAX_GAIN_DB = 30.0
# The limiter's gain is found for each millisecond and moves over 5 ms, which the ear takes for no change at all.
_STEP_SECONDS = 0.001
_LOOK_AHEAD_STEPS = 5
_BLOCK_SECONDS = 10

Samples = NDArray[np.float32]


def leveled(samples: Samples, sample_rate: int) -> Samples:
    """Speech at LOUDNESS_LUFS with no sample above -2.2 dBFS. Silence stays silence."""
    for _ in range(2):  # what the limiter took is made up for once
        loudness = loudness_of(samples, sample_rate)
        if loudness is None:
            return samples
        gain_db = min(LOUDNESS_LUFS - loudness, _MAX_GAIN_DB)
        samples = _limited(samples * np.float32(10 ** (gain_db / 20)), sample_rate)
    return samples


def loudness_of(samples: Samples, sample_rate: int) -> float | None:
    """The integrated loudness in LUFS; None for silence."""
    if not len(samples):
        return None
    times = max(1, round(_MEASURED_SECONDS * sample_rate / len(samples)))
    repeated = np.tile(samples, times) if times > 1 else samples
    graph = Graph()
    source = graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono")
    meter = graph.add("ebur128", "metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    found = ""
    for frame in _frames(repeated, sample_rate):
        graph.push(frame)
        found = _drained(graph) or found
    graph.push(None)
    found = _drained(graph) or found
    # The filter says -70 where nothing was above the gate.
    return float(found) if found and float(found) > -70.0 else None


def _frames(samples: Samples, sample_rate: int) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), _BLOCK_SECONDS * sample_rate):
        block = samples[start : start + _BLOCK_SECONDS * sample_rate]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block)[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, start
        yield frame


def _drained(graph: Graph) -> str:
    """Reads all that a graph has ready; the last loudness that it tells."""
    found = ""
    while True:
        try:
            found = graph.pull().metadata.get("lavfi.r128.I", found)
        except (BlockingIOError, EOFError):
            return found


def _limited(samples: Samples, sample_rate: int) -> Samples:
    """Takes peaks down to the ceiling, in place, with a gain that moves slowly and begins to before they come."""
    step = max(1, round(_STEP_SECONDS * sample_rate))
    starts = np.arange(0, len(samples), step)
    peaks = np.maximum.reduceat(np.abs(samples), starts)
    if peaks.max() <= _CEILING:
        return samples
    wanted = _CEILING / np.maximum(peaks, _CEILING)
    # The least gain that is wanted nearby, then its mean: never above what is wanted here.
    width = 2 * _LOOK_AHEAD_STEPS + 1
    nearby = np.lib.stride_tricks.sliding_window_view(np.pad(wanted, width - 1, constant_values=1.0), width).min(axis=1)
    smooth = np.convolve(nearby, np.full(width - 2, 1 / (width - 2)), "same")[width // 2 : width // 2 + len(starts)]
    block = _BLOCK_SECONDS * sample_rate
    for start in range(0, len(samples), block):
        part = samples[start : start + block]
        part *= np.interp(np.arange(start, start + len(part)), starts + step / 2, smooth)
    return samples
