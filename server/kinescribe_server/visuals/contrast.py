"""Contrast by computation (WCAG 2.2)."""

from collections.abc import Sequence

# Success criterion 1.4.3 (AA) for text of any size.
READABLE = 4.5


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two: `share` of the other in the one."""
    channels = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in channels)


def legible(ink: str, grounds: Sequence[str]) -> str:
    """The ink, or the nearest colour on its way to black or white that can be read on all the grounds; black or white
    where there is none."""

    def worst(color: str) -> float:
        return min(contrast(color, ground) for ground in grounds)

    end = max(("#000000", "#ffffff"), key=worst)
    steps = (mixed(ink, end, step / 50) for step in range(51))
    return next((color for color in steps if worst(color) >= READABLE), end)


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    scaled = [channel / 255 for channel in _channels(color)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in scaled)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
