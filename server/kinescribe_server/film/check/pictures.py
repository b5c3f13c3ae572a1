"""What pictures look like: how alike two are, whether one is black, and whether anything changes."""

import av
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]

# The constants of SSIM (Wang et al. 2004) for 8 bits, and the side of its windows, here beside each other.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_WINDOW = 8
# In limited range black is 16; so much of a picture has to be hardly lighter for it to be black.
_BLACK_LUMA = 24
_BLACK_SHARE = 0.995
# The mean difference, in steps of luma, below which two pictures are one to the eye.
_SAME_DIFFERENCE = 0.05


def luma_of(frame: av.VideoFrame) -> Luma:
    """The luma of every second pixel in both directions."""
    plane = frame.planes[0]
    rows: Luma = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return np.ascontiguousarray(rows[: frame.height : 2, : frame.width : 2])


def similarity(one: Luma, other: Luma) -> float:
    """The structural similarity of two pictures of one size: 1 for the same, 0 for nothing in common."""
    if np.array_equal(one, other):
        return 1.0
    a, b = _windows(one), _windows(other)
    mean_a, mean_b = _means(a), _means(b)
    variances = _means(a * a) + _means(b * b) - mean_a**2 - mean_b**2
    covariance = _means(a * b) - mean_a * mean_b
    alike = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    return float(np.mean(alike / ((mean_a**2 + mean_b**2 + _C1) * (variances + _C2))))


def is_black(luma: Luma) -> bool:
    return bool(np.count_nonzero(luma <= _BLACK_LUMA) >= _BLACK_SHARE * luma.size)


def is_same(one: Luma, other: Luma) -> bool:
    if one.shape != other.shape:
        return False
    difference = np.abs(one[::2, ::2].astype(np.int16) - other[::2, ::2])
    return float(np.mean(difference)) < _SAME_DIFFERENCE


def _windows(luma: Luma) -> NDArray[np.float32]:
    """The picture as whole rows of windows; what is left over at the right and the bottom is left out."""
    height, width = (length - length % _WINDOW for length in luma.shape)
    return luma[:height, :width].astype(np.float32)


def _means(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = values.shape
    rows = values.reshape(height // _WINDOW, _WINDOW, width).sum(axis=1)
    means: NDArray[np.float32] = rows.reshape(height // _WINDOW, width // _WINDOW, _WINDOW).sum(axis=2)
    return means / np.float32(_WINDOW**2)
