"""Rules about the file: its streams, their times, and what it says of itself. Pure functions."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kinescribe_server.film.caption_rules import Cue, violations
from kinescribe_server.film.check.container import BT709, Container, Track
from kinescribe_server.film.check.finding import Finding, counted, judged, not_applicable
from kinescribe_server.film.encoder import KEY_FRAME_SECONDS

# What every browser, phone and television of the last ten years decodes.
_PROFILES = {"Constrained Baseline", "Baseline", "Main", "High"}
# Sound that is off by less is not noticed (ITU-R BT.1359: 45 ms early, 125 ms late); a frame at 25 Hz is 40 ms.
_MAX_DRIFT_SECONDS = 0.040
# The usual colour tags (ITU-T H.273), and the ranges as FFmpeg numbers them.
_COLOR_TAGS = {1: "BT.709", 2: "unknown", 5: "BT.470 BG", 6: "BT.601", 9: "BT.2020"}
_RANGES = {0: "unknown", 1: "limited", 2: "full"}
# The least that rounding to a track's time base, mostly a millisecond or finer, can do to a time.
_ROUNDING_SECONDS = 0.0011


def streams(film: Container) -> Finding:
    video, audio, picture = film.video, film.audio, film.picture
    if video is None or picture is None:
        return judged("streams", False, "no video", "H.264 4:2:0 with 8 bits, and AAC")
    sound = f"{audio.codec or 'unknown sound'} at {film.sound_rate} Hz" if audio else "no sound"
    measured = f"{video.codec} {picture.profile} {picture.pixel_format} {picture.width} x {picture.height}, {sound}"
    fine = video.codec == "h264" and picture.pixel_format == "yuv420p" and picture.profile in _PROFILES
    fine = fine and audio is not None and audio.codec == "aac"
    values = {
        "width": picture.width,
        "height": picture.height,
        "frames": len(video.pts),
        "seconds": round(video.end, 3),
    }
    return judged("streams", fine, measured, "H.264 4:2:0 with 8 bits, and AAC", values)


def sound_and_picture(film: Container) -> Finding:
    """Whether sound and picture start and end together."""
    check, limit = "sound and picture", f"at most {1000 * _MAX_DRIFT_SECONDS:.0f} ms apart"
    if film.video is None or film.audio is None:
        return not_applicable(check, "there is no sound")
    start, end = film.audio.start - film.video.start, film.audio.end - film.video.end
    values = {"start_seconds": round(start, 4), "end_seconds": round(end, 4)}
    measured = f"sound starts {_signed(start)} and ends {_signed(end)} after the picture"
    return judged(check, max(abs(start), abs(end)) <= _MAX_DRIFT_SECONDS, measured, limit, values)


def timestamps(film: Container) -> Finding:
    """Whether times rise without gaps, packet by packet."""
    places: list[str] = []
    packets = 0
    for name, track in (("picture", film.video), ("sound", film.audio)):
        if track is not None:
            packets += len(track.dts)
            places += _time_faults(name, track, contiguous=name == "sound")
    measured = f"{counted(packets, 'packet')}, {counted(len(places), 'fault')}"
    values = {"packets": packets, "faults": len(places)}
    return judged("timestamps", not places, measured, "rising, no gaps in the sound", values, places=places)


def _time_faults(name: str, track: Track, *, contiguous: bool) -> list[str]:
    steps = np.diff(track.dts)
    faults = [(index, "does not come after the one before") for index in np.flatnonzero(steps <= 0)]
    early = np.flatnonzero(track.pts < track.dts)
    faults += [(index - 1, "is shown before it is decoded") for index in early]
    if contiguous:
        # A muxer says of a packet before a gap that it lasts until the next; every packet lasts as long as the others.
        usual = np.median(track.durations)
        gaps = np.flatnonzero(np.abs(track.seconds(1) * (steps - usual)) > _ROUNDING_SECONDS)
        faults += [(index, "does not start where the one before ends") for index in gaps if steps[index] > 0]
    return [
        f"{name} packet {index + 1} at {track.seconds(track.dts[index + 1]):.3f} s {fault}"
        for index, fault in sorted(faults)
    ]


def frame_rate(film: Container) -> Finding:
    check, limit = "frame rate", "constant"
    if film.video is None or len(film.video.dts) < 2:
        return not_applicable(check, "there is one picture")
    # With B pictures the order of decoding is not that of showing; sorted, times are evenly apart all the same.
    track, times = film.video, np.sort(film.video.pts)
    steps = np.diff(times)
    usual = float(np.median(steps))
    odd = np.flatnonzero(np.abs(steps - usual) * float(track.time_base) > _ROUNDING_SECONDS)
    rate = 1 / track.seconds(usual) if usual > 0 else 0.0
    places = [f"{track.seconds(steps[i]):.3f} s from the picture at {track.seconds(times[i]):.3f} s" for i in odd]
    measured = f"{rate:.3f} frames a second, {counted(len(odd), 'exception')}"
    return judged(
        check, not len(odd), measured, limit, {"frame_rate": round(rate, 3), "exceptions": len(odd)}, places=places
    )


def key_frames(film: Container) -> Finding:
    check, limit = "key frames", f"at most {KEY_FRAME_SECONDS} s apart"
    if film.video is None or not film.video.keys.any():
        return judged(check, False, "no key frames", limit)
    track = film.video
    times = np.append(track.pts[track.keys], (track.pts + track.durations).max())
    gaps = np.diff(np.sort(times)) * float(track.time_base)
    wide = np.flatnonzero(gaps > KEY_FRAME_SECONDS + _ROUNDING_SECONDS)
    first_is_key = bool(track.keys[0])
    places = [f"{gaps[index]:.3f} s from {track.seconds(np.sort(times)[index]):.3f} s on" for index in wide]
    values = {"key_frames": int(track.keys.sum()), "longest_seconds": round(float(gaps.max()), 3)}
    measured = f"{counted(int(track.keys.sum()), 'key frame')}, at most {gaps.max():.3f} s apart"
    return judged(check, first_is_key and not len(wide), measured, limit, values, places=places)


def fast_start(film: Container) -> Finding:
    measured = "the index comes first" if film.index_first else "the index comes after the media"
    return judged("fast start", film.index_first, measured, "the index comes first")


def colors(film: Container) -> Finding:
    tags = film.picture.colors if film.picture else (2, 2, 2, 0)
    names = ("primaries", "transfer", "matrix", "range")
    told = (*(_COLOR_TAGS.get(tag, str(tag)) for tag in tags[:3]), _RANGES.get(tags[3], str(tags[3])))
    measured = ", ".join(f"{name} {tag}" for name, tag in zip(names, told, strict=True))
    limit = "BT.709, limited range"
    return judged("colours", tags == BT709, measured, limit, dict(zip(names, tags, strict=True)))


def captions(cues: Sequence[Cue] | None, seconds: float) -> Finding:
    check, limit = "captions", "1 to 7 s, 2 lines of 42, 20 characters a second, one at a time"
    if cues is None:
        return not_applicable(check, "there are none")
    faults = violations(cues, seconds)
    measured = f"{counted(len(cues), 'caption')}, {counted(len(faults), 'fault')}"
    return judged(check, not faults, measured, limit, {"captions": len(cues), "faults": len(faults)}, places=faults)


def chapters(film: Container) -> Finding:
    check = "chapters"
    if not film.chapters:
        return not_applicable(check, "there are none")
    ends = film.video.end if film.video else film.seconds
    places = [
        f"{chapter.title!r} from {chapter.start:.3f} to {chapter.end:.3f} s"
        for before, chapter in zip([None, *film.chapters], film.chapters, strict=False)
        if not 0 <= chapter.start < chapter.end <= ends + _ROUNDING_SECONDS
        or not chapter.title
        or (before and chapter.start < before.end - _ROUNDING_SECONDS)
    ]
    measured = f"{counted(len(film.chapters), 'chapter')}, {counted(len(places), 'fault')}"
    values = {"chapters": len(film.chapters), "faults": len(places)}
    return judged(check, not places, measured, "titled, in order, inside the film", values, places=places)


def metadata(film: Container, expected: tuple[str, str] | None = None) -> Finding:
    """`expected` are the title and the language (ISO 639-2) that the film should have; None for any."""
    language = film.audio.language if film.audio else (film.video.language if film.video else "")
    measured = f"title {film.title!r}, language {language or 'und'}"
    values = {"title": film.title, "language": language}
    if expected is None:
        fine, limit = bool(film.title) and language not in {"", "und"}, "a title and a language"
    else:
        fine, limit = (film.title, language or "und") == expected, f"title {expected[0]!r}, language {expected[1]}"
    return judged("metadata", fine, measured, limit, values)


def _signed(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


ALL: Mapping[str, Callable[[Container], Finding]] = {
    "streams": streams,
    "sound and picture": sound_and_picture,
    "timestamps": timestamps,
    "frame rate": frame_rate,
    "key frames": key_frames,
    "fast start": fast_start,
    "colours": colors,
    "chapters": chapters,
}
