"""A narration in the making: runs of sounds, one after the other, with a speaker's pauses between them."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.alignment import Spoken
from kinescribe_server.speech.hibari_model import SAMPLE_RATE, HibariModel, Samples
from kinescribe_server.speech.hibari_text import Sound, runs
from kinescribe_server.speech.pieces import Ending

# The engine leaves 0.3 s of silence before what it says and up to 0.5 s after it, however that ends. The silence is cut
# off, so that speech begins at once and pauses tell where a thought ends. In seconds, at rate 1.
_PAUSES = {
    Ending.PARAGRAPH: 0.9,
    Ending.SENTENCE: 0.5,
    Ending.CLAUSE: 0.2,
    Ending.WORD: 0.0,
}
# A sound is what is above -60 dBFS over 5 ms. Soft consonants begin and end below that.
_SOUND_LEVEL = 0.001
_WINDOW = SAMPLE_RATE * 5 // 1000
_KEPT_BEFORE, _KEPT_AFTER = SAMPLE_RATE * 30 // 1000, SAMPLE_RATE * 80 // 1000
_FADE = SAMPLE_RATE * 5 // 1000
# Against energy onsets, the durations put words 40 ms late (23 sentences: median 40, standard deviation 19).
_LATE = SAMPLE_RATE * 40 // 1000
# A phoneme takes 40 to 90 ms at rate 1, those of a single short word up to 200. Beyond these bounds the audio is not
# what the text says.
_MIN_PHONEME_SECONDS, _MAX_PHONEME_SECONDS = 0.02, 0.5


class Recording:
    """Speech at one rate, and when each of its sounds is heard."""

    def __init__(self, model: HibariModel, rate: float) -> None:
        self._model = model
        self._rate = rate
        self._samples: list[Samples] = []
        self._length = 0
        self._pause = 0.0

    def add(self, sounds: Sequence[Sound], ending: Ending) -> list[Spoken]:
        """Says a piece; answers what was said, timed from the beginning of the recording."""
        spoken: list[Spoken] = []
        for run in runs(sounds):
            if any(sound.is_voiced for sound in run):
                spoken += self._say(run)
        self._pause = max(self._pause, _PAUSES[ending])
        return spoken

    @property
    def is_empty(self) -> bool:
        return not self._samples

    def samples(self) -> Samples:
        """All that was said; something must have been."""
        return np.concatenate(self._samples)

    def _say(self, run: Sequence[Sound]) -> list[Spoken]:
        phonemes = "".join(sound.phonemes for sound in run)
        samples, edges = self._model.say(phonemes, self._rate)
        loud = _loud_windows(samples)
        heard, silent_from = (int(loud[0]) * _WINDOW, (int(loud[-1]) + 1) * _WINDOW) if len(loud) else (0, 0)
        self._check_length(silent_from - heard, sum(len(sound.phonemes) for sound in run if sound.is_voiced))
        first, last = max(0, heard - _KEPT_BEFORE), min(len(samples), silent_from + _KEPT_AFTER)
        if self._length:
            self._append(np.zeros(round(self._pause / self._rate * SAMPLE_RATE), np.float32))
        self._pause = 0.0
        offset = self._length - first
        self._append(_faded(samples[first:last]))
        return [
            Spoken(text, (start + offset) / SAMPLE_RATE, (end + offset) / SAMPLE_RATE)
            for text, start, end in _times(run, np.clip(edges - _LATE, heard, silent_from), loud)
        ]

    def _append(self, samples: Samples) -> None:
        self._samples.append(samples)
        self._length += len(samples)

    def _check_length(self, heard: int, phonemes: int) -> None:
        seconds = heard / SAMPLE_RATE * self._rate
        if not _MIN_PHONEME_SECONDS * phonemes <= seconds <= _MAX_PHONEME_SECONDS * (phonemes + 2):
            raise MakeError(
                "VOICE_CANNOT_SPEAK",
                f"the voice needed {seconds:.1f} s for {phonemes} phonemes, which cannot be what the text says",
            )


def _times(run: Sequence[Sound], edges: NDArray[np.int64], loud: NDArray[np.intp]) -> Iterator[tuple[str, int, int]]:
    """What is voiced in a run, from which sample to which."""
    place = 0
    for sound in run:
        first, place = place, place + len(sound.phonemes)
        if sound.is_voiced:
            yield sound.text, *_heard(int(edges[first]), int(edges[place]), loud)


def _heard(start: int, end: int, loud: NDArray[np.intp]) -> tuple[int, int]:
    """A time without the silence at its ends: the model counts the pause after a word as part of its last phoneme."""
    first, last = np.searchsorted(loud, (start // _WINDOW, -(-end // _WINDOW)))
    if first == last:
        return start, end
    return max(start, int(loud[first]) * _WINDOW), min(end, (int(loud[last - 1]) + 1) * _WINDOW)


def _loud_windows(samples: Samples) -> NDArray[np.intp]:
    windows = samples[: len(samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
    return np.flatnonzero(np.sqrt(np.mean(windows * windows, axis=1)) > _SOUND_LEVEL)


def _faded(samples: Samples) -> Samples:
    """Samples that begin and end at zero: what was cut off is silent, but not quite."""
    rise = np.linspace(0, 1, _FADE, dtype=np.float32)
    faded = samples.copy()
    faded[:_FADE] *= rise
    faded[-_FADE:] *= rise[::-1]
    return faded
