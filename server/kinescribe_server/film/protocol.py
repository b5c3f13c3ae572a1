"""The seam of film: what a clip and a film are made from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

_BAND_PIXELS = 152


@dataclass(frozen=True, slots=True)
class StatePicture:
    """A picture (SHA-256 of a PNG) and the words that introduce it ("" for the state shown from the start). Outside the
    box `changed` (x, y, width, height) it is the same as the picture before; None says that the page is new."""

    picture: str
    cue: str = ""
    changed: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A segment to be encoded: its pictures, its audio (SHA-256 of a WAV; "" for none), the times of its words
    (SHA-256 of a JSON list of Word; "" for none), and its narration. `pause_after` is in seconds; None takes the
    default. What is new takes `motion_seconds` to appear; with 0 nothing moves; `drawn`: it is drawn, as the parts of a
    diagram are, and does not fade in. With `burned_in` captions (in `language`) the pictures are `caption_band` pixels
    less high than the film. `layout` is the SHA-256 of their layout record ("" for none), which the clip's checks
    judge. `unspoken`: the audio is silence, in place of a narration that nobody here can speak."""

    states: tuple[StatePicture, ...]
    narration: str
    audio: str = ""
    words: str = ""
    pause_after: float | None = None
    width: int = 1920
    height: int = 1080
    frame_rate: int = 30
    burned_in: bool = False
    language: str = ""
    motion_seconds: float = 0.0
    drawn: bool = False
    layout: str = ""
    unspoken: bool = False


# A render maker's `Made`: files {"clip": …, "thumbnail": a PNG of how the segment ends}; details {"duration": seconds
# (whole frames), "frames": number of frames, "speech_start": seconds of silence before the speech, "checks": what was
# measured of the clip (film/check)}.


@dataclass(frozen=True, slots=True)
class ClipOnTimeline:
    """A rendered segment: its clip, word times and thumbnail (SHA-256; "" for none), how many frames it has, where its
    speech starts in it (seconds), what is said, and what was measured of it (the details "checks" of its render maker;
    {} if nothing)."""

    clip: str
    frames: int
    speech_start: float
    narration: str
    words: str = ""
    title: str = ""
    checks: Mapping[str, Any] = field(default_factory=dict)
    thumbnail: str = ""


@dataclass(frozen=True, slots=True)
class ComposeRequest:
    """A film to be joined. `poster` is the SHA-256 of the PNG that stands for the film, `music` that of a recording in
    any format ("" for none). A film with captions has a track of them, unless they are in the picture."""

    clips: tuple[ClipOnTimeline, ...]
    title: str
    language: str
    poster: str
    captions: bool = True
    width: int = 1920
    height: int = 1080
    frame_rate: int = 30
    burned_in: bool = False
    music: str = ""


# A compose maker's `Made`: files {"film.mp4", "captions.vtt" and "captions.srt" (if captions), "transcript.txt",
# "transcript.md", "poster.png", "report.json", and "thumbnails.vtt" with "thumbnails-00.jpg", … (if all clips have a
# thumbnail)}; details {"duration": seconds}. A check that failed is a notice CHECK_FAILED.


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """A user's recording (SHA-256 of a file in any of the formats that are taken) and what is said in it ("" where
    nobody wrote it down: there are no captions then)."""

    audio: str
    narration: str = ""


# A recording maker's `Made` is that of a speech maker.


def caption_band(width: int, height: int) -> int:
    """How many pixels at the bottom of a film belong to burnt-in captions: two lines of text for a page whose shorter
    side is 1080 pixels, in proportion for others. Even, as every height is."""
    return 2 * round(_BAND_PIXELS * min(width, height) / 1080 / 2)


class LiveFilm(Protocol):
    """A film that is watched while it is being made, given as the SHA-256 of its clips in order, from the first on."""

    def playlist(self, clips: Sequence[str], frame_rate: int, *, ended: bool) -> str:
        """The playlist of HTTP Live Streaming, which names its pieces relative to itself. Raises MakeError for a
        damaged clip and ArtifactNotFoundError for a missing one, as `piece` does."""
        ...

    def piece(self, clips: Sequence[str], frame_rate: int, name: str) -> bytes:
        """What a playlist names: the same bytes for a name, however many clips there are by now. Raises
        ArtifactNotFoundError for a name that no playlist of these clips has."""
        ...


def with_job(report: bytes, job: Mapping[str, Any]) -> bytes:
    """A film's `report.json` with what only its job knows (`job` in film/report.schema.json)."""
    return report_bytes({**json.loads(report), "job": dict(job)})


def report_bytes(report: Mapping[str, Any]) -> bytes:
    """A report as it is stored: equal reports are equal bytes."""
    return json.dumps(report, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"
