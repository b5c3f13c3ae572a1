"""A clip's timeline in whole video frames, and where its sound lands among the film's AAC frames.

Video is counted in frames and sound in AAC frames of 1,024 samples at 48 kHz. At 30 frames a second both grids meet
every 16 frames (25 AAC frames); a clip that ends there can be joined with nothing left over on either side.
"""

import math
from dataclasses import dataclass

SOUND_RATE = 48_000
AAC_FRAME = 1_024

# Speech that starts with the first frame sounds cut off; a quarter of a second lets the picture arrive first.
LEAD_IN_SECONDS = 0.25
PAUSE_SECONDS = 0.45
# Long enough to take in a picture about which nothing is said.
UNSPOKEN_SECONDS = 3.0
# A shorter state would flash by.
STATE_SECONDS = 0.3
# A caption is shown for at least so long, and never longer than its clip.
CLIP_SECONDS = 1.0

# An AAC frame is decoded from two windows that overlap, so packets of two clips may meet only where both are silent:
# one frame of silence for the overlap and one that the join may drop.
SILENT_EDGE_SAMPLES = 2 * AAC_FRAME
# Waiting for the grids to meet costs at most this much: 30 and 60 (0.53 s), 25 and 50 (0.32 s), but not 24 (2.67 s).
_MAX_GRID_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Timeline:
    """A clip: how many frames it has at which rate, and its speech in seconds from the clip's start."""

    frame_rate: int
    frames: int
    speech_start: float
    speech_end: float

    @property
    def duration(self) -> float:
        return self.frames / self.frame_rate

    @property
    def samples(self) -> int:
        return self.frames * samples_per_frame(self.frame_rate)


def plan(speech_seconds: float, pause_after: float | None, frame_rate: int, states: int) -> Timeline:
    """The timeline of a clip that speaks for `speech_seconds` (0: no audio) and shows `states` states."""
    pause = PAUSE_SECONDS if pause_after is None else pause_after
    if speech_seconds > 0:
        wanted = LEAD_IN_SECONDS + speech_seconds + max(pause, SILENT_EDGE_SAMPLES / SOUND_RATE)
    else:
        wanted = max(UNSPOKEN_SECONDS, pause)
    wanted = max(wanted, states * STATE_SECONDS, CLIP_SECONDS)
    grid = meeting_frames(frame_rate)
    # The small slack keeps 3.2 s, which is not a binary fraction, from becoming one grid step longer.
    frames = grid * math.ceil(wanted * frame_rate / grid - 1e-9)
    if speech_seconds > 0:
        return Timeline(frame_rate, frames, LEAD_IN_SECONDS, LEAD_IN_SECONDS + speech_seconds)
    return Timeline(frame_rate, frames, 0.0, frames / frame_rate)  # states share all of it


def samples_per_frame(frame_rate: int) -> int:
    if frame_rate <= 0 or SOUND_RATE % frame_rate:
        raise ValueError(f"frame rate {frame_rate} does not divide {SOUND_RATE}")
    return SOUND_RATE // frame_rate


def meeting_frames(frame_rate: int) -> int:
    """After how many video frames an AAC frame ends too; 1 where waiting for that would cost too much."""
    frames = math.lcm(samples_per_frame(frame_rate), AAC_FRAME) // samples_per_frame(frame_rate)
    return frames if frames / frame_rate <= _MAX_GRID_SECONDS else 1


def aac_frame_at(frame: int, frame_rate: int) -> int:
    """The AAC frame of the film whose start is nearest to that of a video frame (at most 512 samples, 10.7 ms, off)."""
    return (frame * samples_per_frame(frame_rate) + AAC_FRAME // 2) // AAC_FRAME


def aac_frames_in(samples: int) -> int:
    """How many AAC frames hold that many samples."""
    return -(-samples // AAC_FRAME)
