"""The hibari engine: an English voice that speaks offline, 100 times faster than real time on one core."""

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.alignment import Spoken
from kinescribe_server.speech.heard import heard, loud_windows, window_samples
from kinescribe_server.speech.hibari_model import SAMPLE_RATE, HibariModel
from kinescribe_server.speech.hibari_text import HibariReader, Sound, runs
from kinescribe_server.speech.maker import made_by, own_voice_for, with_notices
from kinescribe_server.speech.marks import is_mark
from kinescribe_server.speech.narration import Narration, Utterance
from kinescribe_server.speech.pieces import pieces
from kinescribe_server.speech.pronunciation import Lexicon, lexicon_with
from kinescribe_server.speech.protocol import Speech, SpeechRequest
from kinescribe_server.speech.readable import readable
from kinescribe_server.speech.speakable import check_script, check_spoken, not_spoken, unspeakable

# Against energy onsets, the durations put words 40 ms late (23 sentences: median 40, standard deviation 19).
_LATE = SAMPLE_RATE * 40 // 1000
# A phoneme takes 40 to 90 ms at rate 1, those of a single short word up to 200. Beyond these bounds the audio is not
# what the text says.
_MIN_PHONEME_SECONDS, _MAX_PHONEME_SECONDS = 0.02, 0.5
_WINDOW = window_samples(SAMPLE_RATE)


def make_speech(request: SpeechRequest, bench: Bench) -> Made:
    return made_by(_engine(), request, bench)


def warm() -> None:
    """Loads the first voice, so that the first narration in a process does not wait for it."""
    _engine().speak(SpeechRequest("Hello.", ""))


@functools.cache
def _engine() -> "HibariEngine":
    return HibariEngine()


class HibariEngine:
    """Implements SpeechEngine for the voices of the catalogue whose engine is "hibari"."""

    def __init__(self) -> None:
        self._reader = HibariReader()
        self._model_of = functools.cache(HibariModel)

    def speak(self, request: SpeechRequest) -> Speech:
        """Raises MakeError VOICE_CANNOT_SPEAK for a text that the voice cannot speak as a whole."""
        voice, notices = own_voice_for("hibari", request)
        lexicon = lexicon_with(request.lexicon)
        narration = Narration(request, SAMPLE_RATE, lambda word: _as_read(word, lexicon))
        parts = pieces(request.narration)
        marked = [lexicon.mark(request.narration[part.first : part.last]) for part in parts]
        check_script(" ".join(text.text for text in marked), voice.name)

        model = self._model_of(voice.name)
        unspoken: list[str] = []
        for part, text in zip(parts, marked, strict=True):
            reading = self._reader.read(text)
            unspoken += [*unspeakable(text.text), *reading.unspoken]
            notices += reading.notices
            voiced = [run for run in runs(reading.sounds) if any(sound.is_voiced for sound in run)]
            narration.add(part, [_said(run, model, request.rate) for run in voiced])
        check_spoken(voice.name, unspoken, len(narration.written), is_silent=narration.is_silent)
        speech = Speech(narration.samples(), SAMPLE_RATE, narration.words())
        return with_notices([*notices, *not_spoken(voice.name, unspoken)], speech)


def _said(run: Sequence[Sound], model: HibariModel, rate: float) -> Utterance:
    samples, edges = model.say("".join(sound.phonemes for sound in run), rate)
    loud = loud_windows(samples, SAMPLE_RATE)
    first, last = (int(loud[0]) * _WINDOW, (int(loud[-1]) + 1) * _WINDOW) if len(loud) else (0, 0)
    _check_length(last - first, sum(len(sound.phonemes) for sound in run if sound.is_voiced), rate)
    return Utterance(samples, loud, list(_times(run, np.clip(edges - _LATE, first, last), loud)))


def _times(run: Sequence[Sound], edges: NDArray[np.int64], loud: NDArray[np.intp]) -> Iterator[Spoken]:
    """When what is voiced in a run is heard: the model counts the pause after a word as part of its last phoneme."""
    place = 0
    for sound in run:
        first, place = place, place + len(sound.phonemes)
        if sound.is_voiced:
            start, end = heard(int(edges[first]), int(edges[place]), loud, _WINDOW)
            yield Spoken(sound.text, start / SAMPLE_RATE, end / SAMPLE_RATE)


def _check_length(heard_samples: int, phonemes: int, rate: float) -> None:
    seconds = heard_samples / SAMPLE_RATE * rate
    if not _MIN_PHONEME_SECONDS * phonemes <= seconds <= _MAX_PHONEME_SECONDS * (phonemes + 2):
        raise MakeError(
            "VOICE_CANNOT_SPEAK",
            f"the voice needed {seconds:.1f} s for {phonemes} phonemes, which cannot be what the text says",
        )


def _as_read(word: str, lexicon: Lexicon) -> str:
    """A word as it appears among what is spoken."""
    marked = lexicon.mark(word)
    return "".join(marked.saying(sign).written if is_mark(sign) else sign for sign in readable(marked.text))
