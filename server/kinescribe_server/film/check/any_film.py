"""`kinescribe check`: any MP4 file, of which nothing is known but what it holds."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from av.error import FFmpegError

from kinescribe_server.film.caption_rules import Cue, cues_of
from kinescribe_server.film.check import decoded, file_rules, sound_rules
from kinescribe_server.film.check.container import Container, read_container
from kinescribe_server.film.check.finding import Finding, guarded, judged
from kinescribe_server.film.check.sound import SILENT_SECONDS, Heard, measured_sound, overlaps


def check_any_film(path: Path, *, full: bool) -> list[Finding]:
    """What is found in a film: with `full` by every frame, without by its key frames. Raises MakeError FILM_UNREADABLE
    for what is no film."""
    film = read_container(path)
    return [*_of_file(film), *_of_sound(film), *_of_pictures(film, full=full)]


def _of_file(film: Container) -> list[Finding]:
    rules = {**file_rules.ALL, "captions": _captions, "metadata": file_rules.metadata}
    return [guarded(name, partial(rule, film)) for name, rule in rules.items()]


def _captions(film: Container) -> Finding:
    try:
        cues = _cues(film)
    except ValueError as error:
        return judged("captions", False, f"the file beside the film cannot be read: {error}", "WebVTT")
    return file_rules.captions(cues, film.seconds)


def _cues(film: Container) -> tuple[Cue, ...] | None:
    """The captions in the film, or those in the WebVTT file beside it. Raises ValueError if that cannot be read."""
    if film.captions is not None:
        return tuple(film.captions)
    beside = film.path.with_suffix(".vtt")
    return tuple(cues_of(beside.read_text("utf-8"))) if beside.is_file() else None


def _of_sound(film: Container) -> list[Finding]:
    heard: Heard | None = None
    shown = _captioned(film)
    if film.audio is not None:
        if not film.audio.codec:
            return [judged("sound", False, "is coded in a way that is not known here", "it can be decoded")]
        try:
            heard = measured_sound(film.path, shown)
        except (FFmpegError, OSError) as error:
            return [judged("sound", False, f"cannot be decoded: {error.strerror}", "it can be decoded")]
    return [
        guarded("loudness", lambda: sound_rules.loudness(heard.loudness if heard else None)),
        guarded("true peak", lambda: sound_rules.true_peak(heard.true_peak if heard else None)),
        guarded("silence", lambda: _silence(heard, shown)),
    ]


def _captioned(film: Container) -> list[tuple[float, float]] | None:
    """When there is a caption: where there is none, nobody speaks. None for a film without captions."""
    try:
        cues = _cues(film)
    except ValueError:
        return None
    return _joined([(cue.start, cue.end) for cue in cues]) if cues else None


def _silence(heard: Heard | None, shown: Sequence[tuple[float, float]] | None) -> Finding:
    if heard is None or shown is None:
        return sound_rules.silence(heard.silent if heard else None, "")
    return sound_rules.silence(overlaps(heard.silent, shown, SILENT_SECONDS), " under captions")


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that touch or overlap, as one."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _of_pictures(film: Container, *, full: bool) -> list[Finding]:
    try:
        found = decoded.seen(film, full=full)
    except (FFmpegError, OSError) as error:
        return [judged("decoding", False, f"cannot be decoded: {error.strerror}", "it can be decoded")]
    return [
        guarded("decoding", lambda: decoded.decoding(film, found, full=full)),
        guarded("black", lambda: decoded.black(found)),
        guarded("frozen", lambda: decoded.frozen(found)),
    ]
