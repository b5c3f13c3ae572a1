"""Speech (a WAV file) -> AAC-LC packets that line up with a clip's start."""

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av import Packet
from av.codec.context import Flags
from av.stream import Stream

from kinescribe_server.film.decoding import Samples, audio_frame
from kinescribe_server.film.timing import AAC_FRAME, SOUND_RATE, Timeline, aac_frames_in
from kinescribe_server.jobs.errors import MakeError

# Speech in one channel is transparent well below this.
BIT_RATE = 96_000
# Noise substitution draws random numbers in the decoder: a clip would sound different alone and in the film. At this
# bit rate the `fast` coder takes half the time of the default one, and its noise is 3 to 8 dB lower in every band.
_AAC_OPTIONS = {"aac_pns": "0", "aac_coder": "fast"}
# A recording that starts or ends in the middle of a sound would click against the silence around it.
_FADE_SECONDS = 0.005
# A second or so at a time: memory does not grow with the recording.
_READ_SAMPLES = 1 << 15
_TIME_BASE = Fraction(1, SOUND_RATE)


def describe(context: av.AudioCodecContext) -> None:
    """Sets everything that the encoder has to know before it is opened."""
    context.sample_rate, context.layout, context.format = SOUND_RATE, "mono", "fltp"
    context.time_base, context.bit_rate, context.options = _TIME_BASE, BIT_RATE, _AAC_OPTIONS
    context.flags |= Flags.global_header


def speech_seconds(wav: Path) -> float:
    """How long a WAV file (16 bit, one channel) plays. Raises MakeError for a damaged one."""
    with _opened(wav) as file:
        return file.getnframes() / file.getframerate()


def encode(wav: Path | None, timeline: Timeline, context: av.AudioCodecContext) -> "Iterator[Packet[Stream]]":
    """The packets of a clip's sound, timed in samples: the encoder's priming at -1,024, then the clip from 0 on.

    All but the speech is silence, and the last packet is full. Raises MakeError for a damaged file.
    """
    return encoded(_clip_sound(wav, timeline), context)


def encoded(pieces: Iterator[Samples], context: av.AudioCodecContext) -> "Iterator[Packet[Stream]]":
    """The packets of sound at 48 kHz, in pieces of any length that end with an AAC frame."""
    for index, block in enumerate(_blocks(pieces)):
        frame = audio_frame(block)
        frame.pts = index * AAC_FRAME
        yield from context.encode(frame)
    yield from context.encode(None)


def _blocks(pieces: Iterator[Samples]) -> Iterator[Samples]:
    """Pieces of any length as blocks of one AAC frame."""
    waiting = np.zeros(0, np.float32)
    for piece in pieces:
        waiting = np.concatenate((waiting, piece))
        whole = len(waiting) - len(waiting) % AAC_FRAME
        yield from waiting[:whole].reshape(-1, AAC_FRAME)
        waiting = waiting[whole:]


def _clip_sound(wav: Path | None, timeline: Timeline) -> Iterator[Samples]:
    """The clip's samples at 48 kHz: silence, speech, and silence to the end of the last AAC frame."""
    left = aac_frames_in(timeline.samples) * AAC_FRAME
    if wav is not None:
        lead_in = round(timeline.speech_start * SOUND_RATE)
        yield np.zeros(lead_in, np.float32)
        left -= lead_in
        for piece in _speech(wav):
            left -= len(piece)
            yield piece
    yield np.zeros(left, np.float32)


def _speech(wav: Path) -> Iterator[Samples]:
    """The samples of a WAV file at 48 kHz."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
    with _opened(wav) as file:
        rate, length, position = file.getframerate(), file.getnframes(), 0
        while data := file.readframes(_READ_SAMPLES):
            whole = len(data) - len(data) % 2  # a file may be cut inside a sample
            read = np.frombuffer(data[:whole], "<i2").astype(np.float32) * np.float32(1 / 32_768)
            samples = _faded(read, position, length, round(_FADE_SECONDS * rate))
            position += len(samples)
            for resampled in resampler.resample(audio_frame(samples, rate)):
                yield resampled.to_ndarray()[0]
    if position != length:
        raise _damaged(f"it says that it has {length} samples, and has {position}")
    for resampled in resampler.resample(None):
        yield resampled.to_ndarray()[0]


@contextmanager
def _opened(wav: Path) -> Iterator[wave.Wave_read]:
    try:
        with wave.open(str(wav)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2) or not file.getnframes():
                found = (
                    f"{file.getnframes()} samples of {8 * file.getsampwidth()} bits in {file.getnchannels()} channels"
                )
                raise _damaged(f"it has {found}; some of 16 bits in one channel are needed")
            yield file
    except (wave.Error, EOFError) as error:
        raise _damaged(str(error) or "it is cut short") from error


def _faded(samples: Samples, position: int, length: int, fade: int) -> Samples:
    """A piece of a recording with gain rising over the recording's first `fade` samples and falling over its last."""
    index = np.arange(position, position + len(samples), dtype=np.float32)
    gain = np.minimum(1, np.minimum(index, length - 1 - index) / max(fade, 1))
    return samples * gain.clip(0).astype(np.float32)


def _damaged(found: str) -> MakeError:
    return MakeError("ASSET_DAMAGED", f"the audio cannot be read as a WAV file: {found}", retryable=True)
