"""What is wrong with captions, if anything: pure checks of the cues of a WebVTT file."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import zip_longest

from kinescribe_server.film.captions import JOINED_SECONDS, MAX_SECONDS, MAX_SIGNS_PER_SECOND, MIN_SECONDS
from kinescribe_server.film.phrases import LINE_COLUMNS, WIDE_SIGNS, signs, width

_MAX_LINES = 2
# Files tell milliseconds.
_ROUNDING = 0.0011
_TIMES = re.compile(r"(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def cues_of(webvtt: str) -> list[Cue]:
    """The cues of a WebVTT file as this service writes it. Raises ValueError for anything else."""
    header, *blocks = webvtt.rstrip("\n").split("\n\n")
    if header.strip() != "WEBVTT":
        raise ValueError(f"a WebVTT file starts with WEBVTT, this one with {header[:20]!r}")
    return [_cue(block) for block in blocks]


def violations(cues: Sequence[Cue], film_seconds: float) -> list[str]:
    """Every broken rule, with the number of the cue (from 1) that breaks it."""
    return [
        f"caption {number}: {found}"
        for number, (cue, following) in enumerate(zip_longest(cues, cues[1:]), start=1)
        if cue is not None
        for found in _violations(cue, following.start if following else film_seconds)
    ]


def _violations(cue: Cue, next_start: float) -> Iterator[str]:
    seconds = cue.end - cue.start
    if not MIN_SECONDS - _ROUNDING <= seconds <= MAX_SECONDS + _ROUNDING:
        yield f"is shown for {seconds:.3f} s; {MIN_SECONDS:g} to {MAX_SECONDS:g} are allowed"
    if cue.end > next_start + _ROUNDING:
        yield f"ends at {cue.end:.3f} s, after the next starts or the film ends ({next_start:.3f} s)"
    if not 1 <= len(cue.lines) <= _MAX_LINES:
        yield f"has {len(cue.lines)} lines; 1 or {_MAX_LINES} are allowed"
    for line in cue.lines:
        if width(line) > LINE_COLUMNS:
            yield f"has a line of {width(line):g} columns; {LINE_COLUMNS}, or {WIDE_SIGNS} wide characters, are allowed"
        if line != " ".join(line.split()) or not line:
            yield f"has a line with stray spaces: {line!r}"
        if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in line):
            yield f"has control characters: {line!r}"
    pace = sum(map(signs, cue.lines)) / max(seconds, MIN_SECONDS)
    could_stay = next_start - cue.end >= JOINED_SECONDS and seconds < MAX_SECONDS - _ROUNDING
    if pace > MAX_SIGNS_PER_SECOND and could_stay:
        yield f"has {pace:.1f} characters a second and could stay longer; {MAX_SIGNS_PER_SECOND} are allowed"


def _cue(block: str) -> Cue:
    times, *lines = block.split("\n")
    found = _TIMES.fullmatch(times)
    if found is None:
        raise ValueError(f"{times!r} is not a line of times")
    hours, minutes, seconds, *end = (float(part) for part in found.groups())
    start = 3600 * hours + 60 * minutes + seconds
    return Cue(start, 3600 * end[0] + 60 * end[1] + end[2], tuple(unescape(line) for line in lines))
