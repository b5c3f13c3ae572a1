"""Sound files of users -> mono samples at 48 kHz, a piece at a time."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError, InvalidDataError
from numpy.typing import NDArray

from kinescribe_server.film.timing import SOUND_RATE
from kinescribe_server.jobs.errors import MakeError

Samples = NDArray[np.float32]

MAX_SECONDS = 30 * 60
# Below, it is no recording of a voice; beyond, no recorder makes it. A rate of 1 Hz would make 48,000 samples of one.
_RATES = range(4_000, 192_001)
_MAX_CHANNELS = 8
# Whatever a file says of itself, nothing else is opened: some formats name other files.
_OPTIONS = {
    "format_whitelist": "wav,flac,mp3,ogg,mov,mp4,m4a,3gp,3g2,mj2",
    "protocol_whitelist": "file",
}
# Files of users are cut off, and carry tags and scraps that are no sound; players pass over them.
_MAX_BAD_PACKETS = 20


def decoded(path: Path, *, longest: float = MAX_SECONDS) -> Iterator[Samples]:
    """The samples of a WAV, FLAC, MP3, Ogg or MP4 file, its channels mixed.

    Raises MakeError AUDIO_INVALID for anything else, and for a file that plays longer than `longest` seconds.
    """
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
    left = longest * SOUND_RATE
    for frame in _frames(path):
        for resampled in resampler.resample(frame):
            samples: Samples = resampled.to_ndarray()[0]
            left -= len(samples)
            if left < 0:
                raise _invalid(f"it plays longer than {longest / 60:g} minutes")
            yield samples


def _frames(path: Path) -> Iterator[AudioFrame | None]:
    """The decoded frames, and None at the end."""
    try:
        with av.open(str(path), options=_OPTIONS, metadata_errors="replace") as file:
            if not file.streams.audio:
                raise _invalid("it has no sound")
            bad = 0
            for packet in file.demux(file.streams.audio[0]):
                try:
                    frames = packet.decode()
                except InvalidDataError:
                    bad += 1
                    if bad > _MAX_BAD_PACKETS:
                        raise
                    continue
                for frame in frames:
                    yield _checked(frame)
    except FFmpegError as error:
        raise _invalid(error.strerror or "unknown fault") from error
    yield None


def _checked(frame: AudioFrame) -> AudioFrame:
    if frame.sample_rate not in _RATES or not 1 <= len(frame.layout.channels) <= _MAX_CHANNELS:
        raise _invalid(f"it has {len(frame.layout.channels)} channels at {frame.sample_rate} Hz")
    return frame


def audio_frame(samples: Samples, rate: int = SOUND_RATE) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
    return frame


def _invalid(found: str) -> MakeError:
    return MakeError("AUDIO_INVALID", f"the recording cannot be used: {found}; WAV, FLAC, MP3 and Ogg files are taken")
