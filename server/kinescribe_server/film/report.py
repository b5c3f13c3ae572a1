"""The quality report of a film: `report.json`, whose form is `report.schema.json`.

What only the job knows, its times and what it took from storage, is added where the job ends (`protocol.with_job`).
"""

import logging
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.film.caption_rules import Cue
from kinescribe_server.film.captions import Caption
from kinescribe_server.film.check import file_rules, plan_rules, sound_rules
from kinescribe_server.film.check.container import Container, read_container
from kinescribe_server.film.check.finding import Finding, Outcome, any_failed, guarded, not_applicable
from kinescribe_server.film.check.plan_rules import Drift, Segment
from kinescribe_server.film.check.sound import (
    SILENT_SECONDS,
    Heard,
    Loudness,
    integrated,
    measured_sound,
    overlaps,
    together,
)
from kinescribe_server.film.join import Film
from kinescribe_server.film.protocol import ComposeRequest, report_bytes

VERSION = 1
_LOG = logging.getLogger(__name__)


def film_report(
    path: Path, film: Film, request: ComposeRequest, shown: Sequence[Caption]
) -> tuple[bytes, tuple[Notice, ...]]:
    """The report of the film at `path`, in which the captions `shown` are to be seen; and what of it is not as it
    should be. Whatever happens to a check, the film is made."""
    segments = [
        Segment(index, start, end - start, clip.checks)
        for index, (clip, (start, end)) in enumerate(zip(request.clips, pairwise(film.starts), strict=True))
    ]
    found: list[Drift] = []
    try:
        container = read_container(path)
        with_music = bool(request.music)
        found = plan_rules.drifts(container, segments, film.frame_rate, with_music=with_music)
        findings = _findings(container, segments, found, request, shown=shown, expected=(film.title, film.language))
    except Exception as error:
        _LOG.exception("the film could not be checked")
        findings = [Finding("file", Outcome.FAILED, f"the film cannot be checked ({type(error).__name__})", "")]
    report = {
        "version": VERSION,
        "passed": not any_failed(findings),
        "film": _about(request, film),
        "checks": [finding.as_json() for finding in findings],
        "segments": [_segment(segment, film.frame_rate, found) for segment in segments],
    }
    return report_bytes(report), tuple(_notice(one) for one in findings if one.outcome is Outcome.FAILED)


def _findings(
    film: Container,
    segments: Sequence[Segment],
    found: Sequence[Drift],
    request: ComposeRequest,
    *,
    shown: Sequence[Caption],
    expected: tuple[str, str],
) -> list[Finding]:
    rules = dict(file_rules.ALL)
    if not plan_rules.is_constant(segments):
        rules["frame rate"] = lambda _: not_applicable("frame rate", "each picture lasts, as was asked for")
    rate, music = request.frame_rate, bool(request.music)
    cues = film.captions if film.captions is not None else planned_cues(shown)
    # Music comes forward where nobody speaks, and is not meant to be as loud as speech.
    heard = measured_sound(film.path, plan_rules.speech(segments, rate)) if music else None
    return [
        *(guarded(name, partial(rule, film)) for name, rule in rules.items()),
        guarded("metadata", lambda: file_rules.metadata(film, expected)),
        guarded("cuts", lambda: plan_rules.cuts(found, rate, with_music=music)),
        *_of_sound(segments, rate, heard),
        guarded("captions", lambda: file_rules.captions(cues if request.captions else None, film.seconds)),
        guarded("caption timing", lambda: plan_rules.caption_timing(cues, shown)),
        guarded("clips", lambda: plan_rules.measured(segments)),
        guarded("similarity", lambda: plan_rules.similarity(segments)),
        guarded("black", lambda: plan_rules.black(segments)),
        guarded("frozen", lambda: plan_rules.frozen(segments)),
        *plan_rules.layouts(segments),
    ]


def _of_sound(segments: Sequence[Segment], frame_rate: int, heard: Heard | None) -> list[Finding]:
    """The sound of a film with music was measured as a whole; without, it is that of its clips."""
    loudness: Loudness
    highest: float | None
    silent: list[tuple[float, float]] | None
    if heard is not None:
        loudness, highest = heard.loudness, heard.true_peak
        silent = overlaps(heard.silent, plan_rules.speech(segments, frame_rate), SILENT_SECONDS)
    else:
        sounds = [segment.checks["sound"] for segment in segments if segment.checks.get("sound")]
        loudness = together({int(level): count for level, count in one["loudness"].items()} for one in sounds)
        highest = max((one["true_peak"] for one in sounds), default=None)
        silent = plan_rules.silences(segments, frame_rate)
    return [
        guarded("loudness", lambda: sound_rules.loudness(loudness)),
        guarded("true peak", lambda: sound_rules.true_peak(highest)),
        guarded("silence", lambda: sound_rules.silence(silent, " while somebody should speak")),
    ]


def planned_cues(shown: Sequence[Caption]) -> list[Cue]:
    """Captions that are in the picture can only be judged as they were planned."""
    return [Cue(caption.start, caption.end, caption.lines) for caption in shown]


def _about(request: ComposeRequest, film: Film) -> dict[str, Any]:
    return {
        "title": request.title,
        "language": request.language,
        "seconds": round(film.duration, 3),
        "frames": film.starts[-1],
        "frame_rate": film.frame_rate,
        "width": film.width,
        "height": film.height,
        "segments": len(film.parts),
    }


def _segment(segment: Segment, frame_rate: int, found: Sequence[Drift]) -> dict[str, Any]:
    picture, sound, layout = (segment.checks.get(name) or {} for name in ("picture", "sound", "layout"))
    drift = found[segment.index] if found else Drift(None, None)
    lufs = integrated({int(level): count for level, count in sound.get("loudness", {}).items()})
    return {
        "index": segment.index,
        "start": round(segment.start / frame_rate, 4),
        "seconds": round(segment.frames / frame_rate, 4),
        "picture_drift": _rounded(drift.picture, 4),
        "sound_drift": _rounded(drift.sound, 4),
        "lufs": _rounded(lufs, 2),
        "true_peak": sound.get("true_peak"),
        "similarity": picture.get("similarity"),
        "smallest_font": layout.get("smallest_font"),
        "lowest_contrast": layout.get("lowest_contrast"),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    # Without the sum, -0.0 would be told.
    return None if value is None else round(value, digits) + 0.0


def _notice(finding: Finding) -> Notice:
    where = f": {'; '.join(finding.places[:2])}" if finding.places else ""
    limit = f"; expected: {finding.limit}" if finding.limit else ""
    return Notice("CHECK_FAILED", f"{finding.check}: {finding.measured}{limit}{where}")
