"""Captions as files: WebVTT and SRT."""

import re
import unicodedata
from collections.abc import Sequence

from kinescribe_server.film.captions import Caption

_LEFT_TO_RIGHT, _RIGHT_TO_LEFT = "\u200e", "\u200f"
# What players of SRT take for a tag or a command; the format has no way to escape it.
_SRT_MARKUP = re.compile(r"<(?=[/A-Za-z])|\{(?=\\)")
_WORD_JOINER = "\u2060"


def webvtt(shown: Sequence[Caption]) -> str:
    """The captions as a WebVTT file (W3C, https://www.w3.org/TR/webvtt1/)."""
    cues = [
        f"{timestamp(caption.start, '.')} --> {timestamp(caption.end, '.')}\n{_escaped(text_of(caption))}\n"
        for caption in shown
    ]
    return "\n".join(["WEBVTT\n", *cues])


def srt(shown: Sequence[Caption]) -> str:
    """The captions as a SubRip file. What looks like a tag is kept from being one by a sign that is not seen."""
    return "\n".join(
        f"{number}\n{timestamp(caption.start, ',')} --> {timestamp(caption.end, ',')}\n"
        f"{_SRT_MARKUP.sub(lambda sign: sign.group() + _WORD_JOINER, text_of(caption))}\n"
        for number, caption in enumerate(shown, start=1)
    )


def text_of(caption: Caption) -> str:
    """The lines of a caption, each of which runs in the direction of the whole.

    A player finds a line's direction by its first letter; a line of Hebrew that begins with "HTTP" would run the wrong
    way, with its full stop at the wrong end. A mark that is not seen then tells the direction (UAX #9, 2.6).
    """
    rightwards = is_right_to_left("".join(caption.lines))
    mark = _RIGHT_TO_LEFT if rightwards else _LEFT_TO_RIGHT
    return "\n".join(
        line if _starts_right_to_left(line) in {rightwards, None} else mark + line for line in caption.lines
    )


def is_right_to_left(text: str) -> bool:
    """Whether most letters of a text run from right to left."""
    directions = [_direction(sign) for sign in text]
    return directions.count(True) > directions.count(False)


def _starts_right_to_left(line: str) -> bool | None:
    return next((direction for direction in map(_direction, line) if direction is not None), None)


def _direction(sign: str) -> bool | None:
    """True from right to left, False from left to right, None for what has no direction of its own."""
    return {"R": True, "AL": True, "L": False}.get(unicodedata.bidirectional(sign))


def timestamp(seconds: float, point: str) -> str:
    """Hours, minutes and seconds, with milliseconds after the point."""
    # Down to the millisecond, so that nothing is shown after the film's end.
    milliseconds = int(seconds * 1000 + 1e-6)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
