"""Loudness: every scene as loud as the next, and no peak that a decoder would clip.

One gain for the whole clip brings it to -16 LUFS (ITU-R BS.1770, as the podcast platforms ask for); a limiter that
looks ahead then takes down the few peaks that this would lift too high. Nothing depends on anything but the samples.
"""

import math
from collections.abc import Iterator

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from kinescribe_server.speech.heard import Samples

LOUDNESS_LUFS = -16.0
# The platforms allow -1.5 dBTP; AAC adds some of that.
_CEILING = 10 ** (-2.2 / 20)
# BS.1770 measures blocks of 0.4 s and leaves out pauses: a single word is repeated until there is enough to measure.
_MEASURED_SECONDS = 3.0
# Nothing that is meant to be heard needs more; less would not be speech.
_MAX_GAIN_DB = 30.0
# The limiter's gain is found for each millisecond and moves over 5 ms, which the ear takes for no change at all.
_STEP_SECONDS = 0.001
_LOOK_AHEAD_STEPS = 5
# What the limiter takes is made up for, which it limits again: after four times a voice of many peaks is loud enough.
_MAKE_UPS = 4
_BLOCK_SECONDS = 10

# Between samples a wave rises further, by up to 1.4 dB in speech: three points of it in each interval, by a sinc under
# a Hann window, as BS.1770's meter looks at four points a sample.
_TAPS = np.arange(-7, 9)
_BETWEEN = tuple(np.sinc(_TAPS - at) * np.cos(np.pi * (_TAPS - at) / 17) ** 2 for at in (0.25, 0.5, 0.75))

Curve = NDArray[np.float64]


def leveled(samples: Samples, sample_rate: int) -> Iterator[Samples]:
    """Speech at LOUDNESS_LUFS with no peak above -2.2 dBTP, in blocks. Silence stays silence."""
    loudness = loudness_of(samples, sample_rate)
    if loudness is None:
        yield from _blocks(samples, sample_rate)
        return
    gain = 10 ** (min(LOUDNESS_LUFS - loudness, _MAX_GAIN_DB) / 20)
    step = max(1, round(_STEP_SECONDS * sample_rate))
    peaks, energies = _measured(samples, sample_rate, step)
    wanted, curve = gain, _limiter(peaks * gain)
    for _ in range(_MAKE_UPS):
        gain = wanted * math.sqrt(energies.sum() / (energies * curve * curve).sum())
        curve = _limiter(peaks * gain)
    curve *= gain
    middles = (np.arange(len(curve)) + 0.5) * step
    place = 0
    for block in _blocks(samples, sample_rate):
        yield block * np.interp(np.arange(place, place + len(block)), middles, curve).astype(np.float32)
        place += len(block)


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
    start = 0
    for block in _blocks(samples, sample_rate):
        frame = av.AudioFrame.from_ndarray(block[None], format="flt", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, start
        start += len(block)
        yield frame


def _blocks(samples: Samples, sample_rate: int) -> Iterator[Samples]:
    for start in range(0, len(samples), _BLOCK_SECONDS * sample_rate):
        yield np.ascontiguousarray(samples[start : start + _BLOCK_SECONDS * sample_rate])


def _drained(graph: Graph) -> str:
    """Reads all that a graph has ready; the last loudness that it tells."""
    found = ""
    while True:
        try:
            found = graph.pull().metadata.get("lavfi.r128.I", found)
        except (BlockingIOError, EOFError):
            return found


def _measured(samples: Samples, sample_rate: int, step: int) -> tuple[Curve, Curve]:
    """The peak and the energy of each step."""
    peaks, energies = [], []
    for block in _blocks(samples, sample_rate):  # a block has a whole number of steps; the last one is filled up
        steps = np.pad(block, (0, -len(block) % step)).reshape(-1, step)
        peaks.append(np.abs(np.pad(_true_peaks(block), (0, -len(block) % step)).reshape(-1, step)).max(axis=1))
        energies.append(np.einsum("ij,ij->i", steps, steps))
    return np.concatenate(peaks).astype(np.float64), np.concatenate(energies).astype(np.float64)


def _true_peaks(block: Samples) -> Samples:
    """The highest point of the wave from each sample to before the next."""
    highest = np.abs(block)
    for taps in _BETWEEN:
        between = np.convolve(np.pad(block, (7, 8)), taps[::-1].astype(np.float32), "valid")
        highest = np.maximum(highest, np.abs(between))
    return highest


def _limiter(peaks: Curve) -> Curve:
    """The gain of each step that takes peaks down to the ceiling; it moves slowly and begins to before they come."""
    wanted = _CEILING / np.maximum(peaks, _CEILING)
    # The least gain that is wanted nearby, then its mean: never above what is wanted here.
    width = 2 * _LOOK_AHEAD_STEPS + 1
    nearby = np.lib.stride_tricks.sliding_window_view(np.pad(wanted, width - 1, constant_values=1.0), width).min(axis=1)
    smooth: Curve = np.convolve(nearby, np.full(width - 2, 1 / (width - 2)), "same")
    return smooth[width // 2 : width // 2 + len(peaks)]
