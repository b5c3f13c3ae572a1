"""Where a recording is heard: its loud windows of 5 ms."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Windows = NDArray[np.intp]

WINDOW_SECONDS = 0.005
# A sound is what is above -60 dBFS. Soft consonants begin and end below that.
_SOUND_LEVEL = 0.001
# Pico's pauses have clicks in them, 36 dB below its loudest vowel.
_NOISE_LEVEL = 0.02


def window_samples(sample_rate: int) -> int:
    return int(sample_rate * WINDOW_SECONDS)


def loud_windows(samples: Samples, sample_rate: int) -> Windows:
    """The places of the windows in which something is heard."""
    return np.flatnonzero(_levels(samples, sample_rate) > _SOUND_LEVEL)


def voiced_windows(samples: Samples, sample_rate: int) -> Windows:
    """The places of the windows in which something is said, by an engine whose pauses are not silent."""
    levels = _levels(samples, sample_rate)
    return np.flatnonzero(levels > max(_SOUND_LEVEL, _NOISE_LEVEL * levels.max(initial=0.0)))


def heard(start: int, end: int, loud: Windows, window: int) -> tuple[int, int]:
    """The time from one sample to another without the silence at its ends; all of it where nothing is heard."""
    first, last = np.searchsorted(loud, (start // window, -(-end // window)))
    if first == last:
        return start, end
    return max(start, int(loud[first]) * window), min(end, (int(loud[last - 1]) + 1) * window)


def _levels(samples: Samples, sample_rate: int) -> NDArray[np.float32]:
    """The root mean square of each window."""
    size = window_samples(sample_rate)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    squares: NDArray[np.float32] = np.einsum("ij,ij->i", windows, windows) / np.float32(size)
    return np.sqrt(squares)
