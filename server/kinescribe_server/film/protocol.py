"""The seam of film: what a clip and a film are made from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatePicture:
    """A picture (SHA-256 of a PNG) and the words that introduce it ("" for the state shown from the start)."""

    picture: str
    cue: str = ""


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """A segment to be encoded: its pictures, its audio (SHA-256 of a WAV; "" for none), the times of its words
    (SHA-256 of a JSON list of Word; "" for none), and its narration. `pause_after` is in
    seconds; None takes the default."""

    states: tuple[StatePicture, ...]
    narration: str
    audio: str = ""
    words: str = ""
    pause_after: float | None = None
    width: int = 1920
    height: int = 1080
    frame_rate: int = 30


# A render maker's `Made`: files {"clip": …}; details {"duration": seconds (whole frames), "frames": number of frames,
# "speech_start": seconds of silence before the speech}.


@dataclass(frozen=True, slots=True)
class ClipOnTimeline:
    """A rendered segment: its clip and word times (SHA-256), how many frames it has, where its speech starts in it
    (seconds), and what is said."""

    clip: str
    frames: int
    speech_start: float
    narration: str
    words: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class ComposeRequest:
    """A film to be joined. `poster` is the SHA-256 of the PNG that stands for the film."""

    clips: tuple[ClipOnTimeline, ...]
    title: str
    language: str
    poster: str
    captions: bool = True
    width: int = 1920
    height: int = 1080
    frame_rate: int = 30


# A compose maker's `Made`: files {"film.mp4", "captions.vtt" (if captions), "transcript.txt", "poster.png"}; details
# {"duration": seconds}.
