"""The user's music in the background of a film: looped, faded in and out, and quieter where somebody speaks.

A film's music runs across its clips, so their sound is decoded, mixed and encoded once more. Nothing is held but a bit
for every hundredth of a second: clips and music are read as the film is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from kinescribe_server.film import sound
from kinescribe_server.film.decoding import Samples, decoded
from kinescribe_server.film.join import Film
from kinescribe_server.film.loudness import leveled, loudness
from kinescribe_server.film.mp4 import Packets
from kinescribe_server.film.timing import AAC_FRAME, SOUND_RATE, aac_frame_at, samples_per_frame
from kinescribe_server.jobs.errors import MakeError

# Speech is 14 LU louder than the music under it, which does not cover a word; where nobody speaks it comes forward.
UNDER_SPEECH_LUFS, IN_PAUSES_LUFS = -30.0, -24.0
# The music is down when the first word comes, and comes back more slowly than it went.
_ATTACK_SECONDS, _RELEASE_SECONDS = 0.2, 0.6
# A shorter pause, such as that between two scenes, is no pause to the music: it would come and go all the time.
_PAUSE_SECONDS = 1.8
_FADE_IN_SECONDS, _FADE_OUT_SECONDS = 1.5, 3.0
# The end of the music gives way to its beginning.
_LOOP_SECONDS = 2.0
_MIN_SECONDS = 1.0
_STEP = SOUND_RATE // 100
# Speech is at -16 LUFS and the silence between is digital; what is below -50 dBFS over 10 ms is no speech.
_SPEECH_POWER = 10 ** (-50 / 10)


@dataclass(frozen=True, slots=True)
class Music:
    """A piece of music: its file, how many samples it has at 48 kHz, and how loud it is."""

    path: Path
    samples: int
    lufs: float


def measured(path: Path) -> Music:
    """Reads a piece of music. Raises MakeError AUDIO_INVALID for what is none."""
    count = 0

    def counted() -> Iterator[Samples]:
        nonlocal count
        for samples in decoded(path):
            count += len(samples)
            yield samples

    lufs = loudness(counted())
    if lufs is None or count < _MIN_SECONDS * SOUND_RATE:
        found = f"it plays for {count / SOUND_RATE:.1f} s" if lufs else "nothing can be heard in it"
        raise MakeError("AUDIO_INVALID", f"the music cannot be used: {found}; at least {_MIN_SECONDS:g} s is needed")
    return Music(path, count, lufs)


def mixed(film: Film, music: Music) -> Packets:
    """The sound of a film with music: packets that are coded like those of its clips, timed in samples."""
    levels = music_levels(_spoken(_speech(film)))
    bed = _levelled(_looped(music), levels - music.lufs)
    whole = aac_frame_at(film.starts[-1], film.frame_rate)
    encoder = av.CodecContext.create("aac", "w")
    sound.describe(encoder)
    packets = sound.encoded(_padded(leveled(_added(_speech(film), bed), 0.0)), encoder)
    yield from islice(packets, 1 + whole)  # the encoder's priming comes first


def music_levels(spoken: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How loud the music is at each step of 10 ms of a film, in LUFS, where it is known in which somebody speaks."""
    count = len(spoken)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], spoken, [False])))).reshape(-1, 2)
    spans: list[list[int]] = []
    for start, end in edges.tolist():
        if spans and start - spans[-1][1] < 100 * _PAUSE_SECONDS:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    times, down = [-1e9], [0.0]
    for start, end in spans:
        times += [start - 100 * _ATTACK_SECONDS, start, end, end + 100 * _RELEASE_SECONDS]
        down += [0.0, 1.0, 1.0, 0.0]
    ducked = (1 - np.cos(np.pi * np.interp(np.arange(count), times, down))) / 2
    levels = IN_PAUSES_LUFS + (UNDER_SPEECH_LUFS - IN_PAUSES_LUFS) * ducked
    # Fades are those of the ear: even in decibels would be a sudden end.
    seconds = np.arange(count) / 100
    fade = np.minimum(seconds / _FADE_IN_SECONDS, (count / 100 - seconds) / _FADE_OUT_SECONDS).clip(1e-4, 1)
    faded: NDArray[np.float32] = (levels + 20 * np.log10(fade)).astype(np.float32)
    return faded


def _speech(film: Film) -> Iterator[Samples]:
    """The sound of the clips, each from its first picture to its last."""
    for index, part in enumerate(film.parts):
        left = part.frames * samples_per_frame(film.frame_rate)
        try:
            for samples in decoded(part.clip, longest=float("inf")):
                yield samples[:left]
                left -= min(left, len(samples))
        except MakeError as error:
            message = f"the sound of segment {index} cannot be read: {error.message}"
            raise MakeError("ASSET_DAMAGED", message, retryable=True) from error
        yield np.zeros(left, np.float32)


def _spoken(speech: Iterable[Samples]) -> NDArray[np.bool_]:
    """For each step whether somebody speaks."""
    power = np.concatenate([np.mean(block**2, axis=1) for block in _blocks(speech)])
    spoken: NDArray[np.bool_] = power > _SPEECH_POWER
    return spoken


def _blocks(pieces: Iterable[Samples]) -> Iterator[Samples]:
    """Whole steps as rows; the last is filled up with silence."""
    waiting = np.zeros(0, np.float32)
    for piece in pieces:
        waiting = np.concatenate((waiting, piece))
        whole = len(waiting) // _STEP * _STEP
        yield waiting[:whole].reshape(-1, _STEP)
        waiting = waiting[whole:]
    yield np.pad(waiting, (0, -len(waiting) % _STEP)).reshape(-1, _STEP)


def _looped(music: Music) -> Iterator[Samples]:
    """The music without an end, its end and its beginning faded into each other."""
    fade = min(round(_LOOP_SECONDS * SOUND_RATE), music.samples // 4)
    body = music.samples - fade
    tail = np.zeros(0, np.float32)
    while True:
        position, next_tail = 0, []
        for samples in decoded(music.path):
            index = np.arange(position, position + len(samples))
            gain = np.minimum(index / fade, (music.samples - index) / fade).clip(0, 1)
            heard = samples * np.sin(np.pi / 2 * gain).astype(np.float32)  # two such fades are as loud as one sound
            ending = tail[position : position + len(heard)]
            heard[: len(ending)] += ending
            yield heard[: max(0, body - position)]
            next_tail.append(heard[max(0, body - position) :])
            position += len(heard)
        tail = np.concatenate(next_tail)


def _levelled(bed: Iterator[Samples], gains_db: NDArray[np.float32]) -> Iterator[Samples]:
    """Music with the gain that belongs to each step, as far as there are gains."""
    position = 0
    for samples in bed:
        steps = (np.arange(position, position + len(samples)) / _STEP).astype(np.float64)
        gains = np.interp(steps, np.arange(len(gains_db)), gains_db)
        position += len(samples)
        yield (samples * 10 ** (gains / 20)).astype(np.float32)


def _added(speech: Iterator[Samples], bed: Iterator[Samples]) -> Iterator[Samples]:
    """The first sound and as much of the second."""
    waiting = np.zeros(0, np.float32)
    for samples in speech:
        while len(waiting) < len(samples):
            waiting = np.concatenate((waiting, next(bed)))
        yield samples + waiting[: len(samples)]
        waiting = waiting[len(samples) :]


def _padded(pieces: Iterator[Samples]) -> Iterator[Samples]:
    """Sound to the end of its last AAC frame."""
    count = 0
    for piece in pieces:
        count += len(piece)
        yield piece
    yield np.zeros(-count % AAC_FRAME, np.float32)
