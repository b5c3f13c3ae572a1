"""Rules about a film of which the plan is known: what was to be seen and heard when. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kinescribe_server.film.caption_rules import Cue
from kinescribe_server.film.captions import Caption
from kinescribe_server.film.check.container import Container
from kinescribe_server.film.check.finding import Finding, counted, judged, not_applicable
from kinescribe_server.film.check.layouts import MIN_FONT
from kinescribe_server.film.timing import AAC_FRAME, SOUND_RATE
from kinescribe_server.visuals.contrast import READABLE

# Slides have 0.998 and more, photographs 0.97. Below this a picture is visibly not the one that was drawn.
MIN_SIMILARITY = 0.95
# A caption may come before its words, so that it can be read to the end, and hardly after.
_EARLY_SECONDS, _LATE_SECONDS = 1.0, 0.1
# How far beside its place sound is looked for, in packets (0.7 s).
_SEARCHED = 32
_NOT_MEASURED = "no clip was measured"


@dataclass(frozen=True, slots=True)
class Segment:
    """A clip in the film: the frame with which it starts, how many it has, and what was measured of it ({} if nothing
    was)."""

    index: int
    start: int
    frames: int
    checks: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Drift:
    """How much later than planned a segment is seen and heard, in seconds; None where it is not found."""

    picture: float | None
    sound: float | None


def drifts(film: Container, segments: Sequence[Segment], frame_rate: int, *, with_music: bool) -> list[Drift]:
    """Where the segments really begin: by their key frames, and by the packets of their sound, which music hides."""
    return [
        Drift(
            _picture_drift(film, segment, frame_rate), None if with_music else _sound_drift(film, segment, frame_rate)
        )
        for segment in segments
    ]


def _picture_drift(film: Container, segment: Segment, frame_rate: int) -> float | None:
    if film.video is None:
        return None
    track, planned = film.video, segment.start / frame_rate
    keys = track.pts[track.keys] * float(track.time_base)
    nearest = int(np.abs(keys - planned).argmin())
    return float(keys[nearest]) - planned


def _sound_drift(film: Container, segment: Segment, frame_rate: int) -> float | None:
    mark = segment.checks.get("mark")
    if film.audio is None or not mark:
        return None
    track, planned = film.audio, segment.start / frame_rate + mark["packet"] * AAC_FRAME / SOUND_RATE
    wanted = np.array(mark["sizes"])
    around = int(np.searchsorted(track.pts, planned / float(track.time_base)))
    first = max(0, around - _SEARCHED)
    sizes = track.sizes[first : around + _SEARCHED + len(wanted)]
    if len(sizes) < len(wanted):
        return None
    places = first + np.flatnonzero((sliding_window_view(sizes, len(wanted)) == wanted).all(axis=1))
    late = track.pts[places] * float(track.time_base) - planned
    return float(late[np.abs(late).argmin()]) if len(late) else None


def cuts(found: Sequence[Drift], frame_rate: int, *, with_music: bool) -> Finding:
    limit = 1 / frame_rate
    places = []
    for index, drift in enumerate(found):
        parts = {"picture": drift.picture} if with_music else {"picture": drift.picture, "sound": drift.sound}
        for name, late in parts.items():
            if late is None:
                places.append(f"the {name} of segment {index} is not where it should be")
            elif abs(late) > limit:
                places.append(f"the {name} of segment {index} is {1000 * late:.1f} ms late")
    picture, sound = (_largest(late) for late in zip(*((d.picture, d.sound) for d in found), strict=True))
    measured = f"picture {1000 * picture:.1f} ms, sound {1000 * sound:.1f} ms off at most"
    values = {"segments": len(found), "picture_seconds": round(picture, 4), "sound_seconds": round(sound, 4)}
    return judged("cuts", not places, measured, f"at most a frame ({1000 * limit:.0f} ms)", values, places=places)


def _largest(late: Iterable[float | None]) -> float:
    return max((abs(one) for one in late if one is not None), default=0.0)


def caption_timing(cues: Sequence[Cue], shown: Sequence[Caption]) -> Finding:
    """Whether captions are there when their words are spoken. `cues` are those of the film, `shown` those planned."""
    check = "caption timing"
    limit = f"at most {_EARLY_SECONDS:g} s before and {_LATE_SECONDS:g} s after the words"
    if not shown:
        return not_applicable(check, "there are none")
    if len(cues) != len(shown):
        return judged(check, False, f"{len(cues)} captions of {len(shown)}", limit)
    spoken = [(cue, caption.marks) for cue, caption in zip(cues, shown, strict=True) if caption.marks]
    late = [cue.start - marks[0].start for cue, marks in spoken]
    cut_off = [marks[-1].start - cue.end for cue, marks in spoken]
    places = [
        f"the caption at {cue.start:.2f} s"
        for (cue, _), after, cut in zip(spoken, late, cut_off, strict=True)
        if not -_EARLY_SECONDS <= after <= _LATE_SECONDS or cut > _LATE_SECONDS
    ]
    latest, earliest = max([*late, *cut_off], default=0.0), max([-one for one in late], default=0.0)
    values = {"latest_seconds": round(latest, 3), "earliest_seconds": round(earliest, 3)}
    measured = f"{max(0.0, earliest):.2f} s before, {max(0.0, latest):.2f} s after at most"
    return judged(check, not places, measured, limit, values, places=places)


def measured(segments: Sequence[Segment]) -> Finding:
    """Whether everything could be measured while the clips were made."""
    if not any(segment.checks for segment in segments):
        return not_applicable("clips", _NOT_MEASURED)
    places = [
        f"the {part} of segment {segment.index}" for segment, parts in _parts(segments, "broken") for part in parts
    ]
    found = f"{counted(len(segments), 'clip')}, {counted(len(places), 'fault')}"
    values = {"clips": len(segments), "faults": len(places)}
    return judged("clips", not places, found, "each can be measured", values, places=places)


def is_constant(segments: Sequence[Segment]) -> bool:
    """Whether the pictures of all clips are meant to be evenly apart."""
    return all(segment.checks.get("constant", True) for segment in segments)


def similarity(segments: Sequence[Segment]) -> Finding:
    check, limit = "similarity", f"SSIM of at least {MIN_SIMILARITY:g}"
    found = [(one["similarity"], segment.index) for segment, one in _parts(segments, "picture")]
    found = [(value, index) for value, index in found if value is not None]
    if not found:
        return not_applicable(check, _NOT_MEASURED)
    lowest, where = min(found)
    places = [f"segment {index} has {value:.4f}" for value, index in found if value < MIN_SIMILARITY]
    values = {"lowest": lowest, "segment": where}
    return judged(check, not places, f"{lowest:.4f} at least, in segment {where}", limit, values, places=places)


def black(segments: Sequence[Segment]) -> Finding:
    return _pictures("black", segments, "black", "is black, and was not drawn so", "only where it was drawn so")


def frozen(segments: Sequence[Segment]) -> Finding:
    return _pictures("frozen", segments, "unchanged", "does not appear", "every planned change is seen")


def _pictures(check: str, segments: Sequence[Segment], key: str, fault: str, limit: str) -> Finding:
    measured = _parts(segments, "picture")
    if not measured:
        return not_applicable(check, _NOT_MEASURED)
    places = [
        f"picture {number} of segment {segment.index} {fault}" for segment, one in measured for number in one[key]
    ]
    return judged(
        check, not places, counted(len(places), "such picture"), limit, {"pictures": len(places)}, places=places
    )


def silences(segments: Sequence[Segment], frame_rate: int) -> list[tuple[float, float]] | None:
    """The silent stretches of clips in which somebody should speak, on the film's clock."""
    measured = _parts(segments, "sound")
    return (
        [
            (segment.start / frame_rate + start, segment.start / frame_rate + end)
            for segment, one in measured
            for start, end in one["silent"]
        ]
        if measured
        else None
    )


def speech(segments: Sequence[Segment], frame_rate: int) -> list[tuple[float, float]]:
    """When somebody should speak, on the film's clock."""
    return [
        (segment.start / frame_rate + span[0], segment.start / frame_rate + span[1])
        for segment, span in _parts(segments, "speech")
    ]


def layouts(segments: Sequence[Segment]) -> list[Finding]:
    """What the layout records say: whether all that is written is on its page, apart, large, clear and drawable."""
    found = _parts(segments, "layout")
    if not found:
        names = ("overflow", "overlap", "font size", "contrast", "glyphs")
        return [not_applicable(name, "no layout was recorded") for name in names]
    return [
        _boxes("overflow", found, "outside", "outside the page"),
        _boxes("overlap", found, "overlaps", "on top of another"),
        _least("font size", found, "smallest_font", MIN_FONT, form="{:.1f} px", of=" on a page of 1080"),
        _least("contrast", found, "lowest_contrast", READABLE, form="{:.2f} : 1", of=" (WCAG AA)"),
        _glyphs(found),
    ]


Found = Sequence[tuple[Segment, Any]]


def _boxes(check: str, found: Found, key: str, fault: str) -> Finding:
    count = sum(layout[key][0] for _, layout in found)
    places = [f"{text!r} in segment {segment.index}" for segment, layout in found for text in layout[key][1]]
    return judged(check, not count, f"{counted(count, 'text')} {fault}", "none", {"texts": count}, places=places)


def _least(check: str, found: Found, key: str, least: float, *, form: str, of: str) -> Finding:
    values = [(layout[key], segment.index) for segment, layout in found if layout[key] is not None]
    if not values:
        return not_applicable(check, "nothing is written")
    lowest, where = min(values)
    places = [f"segment {index} has {form.format(value)}" for value, index in values if value < least]
    measured = f"{form.format(lowest)} at least, in segment {where}"
    limit = f"at least {form.format(least)}{of}"
    return judged(check, not places, measured, limit, {"lowest": lowest, "segment": where}, places=places)


def _glyphs(found: Found) -> Finding:
    count = sum(layout["missing_glyphs"] for _, layout in found)
    places = [
        f"{layout['missing_glyphs']} in segment {segment.index}"
        for segment, layout in found
        if layout["missing_glyphs"]
    ]
    return judged(
        "glyphs", not count, f"{counted(count, 'character')} without a glyph", "none", {"missing": count}, places=places
    )


def _parts(segments: Iterable[Segment], key: str) -> Found:
    """What was measured of one kind, with the segments in which it was."""
    return [(segment, segment.checks[key]) for segment in segments if segment.checks.get(key) is not None]
