"""Speech with the times of its words, as Kokoro-FastAPI gives it: POST /dev/captioned_speech, beside the API's /v1."""

import base64
import binascii
import math
from collections.abc import Sequence
from typing import Any

from kinescribe_server.speech.alignment import Spoken

PATH = "/dev/captioned_speech"
# How far beyond the sound a time may be: it is found in frames of 12.5 ms, before silence is cut off.
_TOLERANCE_SECONDS = 0.5


def address(base_url: str) -> str:
    """Where captioned speech is, for an API at a base URL."""
    return base_url.removesuffix("/v1") + PATH


def audio_of(body: Any) -> bytes | None:
    """The sound of a reply; None where there is none."""
    audio = body.get("audio") if isinstance(body, dict) else None
    try:
        return base64.b64decode(audio, validate=True) if isinstance(audio, str) and audio else None
    except (binascii.Error, ValueError):
        return None


def words_of(body: Any, seconds: float) -> list[Spoken]:
    """The words of a reply with their times in so many seconds of sound; none where they are missing or make no
    sense: the times of a server are no better than its word."""
    told = body.get("timestamps") if isinstance(body, dict) else None
    try:
        words = [Spoken(str(word["word"]), float(word["start_time"]), float(word["end_time"])) for word in told or ()]
    except (KeyError, TypeError, ValueError, OverflowError):
        return []
    if not _make_sense(words, seconds):
        return []
    return [word for word in words if any(sign.isalnum() for sign in word.text)]


def _make_sense(words: Sequence[Spoken], seconds: float) -> bool:
    edges = [edge for word in words for edge in (word.start, word.end)]
    finite = all(math.isfinite(edge) for edge in edges)
    return (
        finite
        and edges == sorted(edges)
        and bool(edges)
        and edges[0] >= 0
        and (0 < edges[-1] <= seconds + _TOLERANCE_SECONDS)
    )
