"""A user's recording -> the sound of a segment, as loud as speech, with the times of its words."""

from collections.abc import Iterable, Iterator

import numpy as np

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.film.alignment import STEP_SECONDS, Stretch, aligned, voiced
from kinescribe_server.film.decoding import Samples, decoded
from kinescribe_server.film.loudness import SPEECH_LUFS, leveled, loudness
from kinescribe_server.film.protocol import RecordingRequest
from kinescribe_server.film.timing import SOUND_RATE
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.protocol import Word
from kinescribe_server.speech.wav import store_wav
from kinescribe_server.speech.words import words_to_json, written_words

_STEP = round(STEP_SECONDS * SOUND_RATE)
# A recording is levelled twice: what the limiter takes from the peaks, the second gain gives back.
_MAX_GAIN_DB = 40.0


def make_recording(request: RecordingRequest, bench: Bench) -> Made:
    """Files {"audio", "words"} and details {"duration"} as those of speech. Raises MakeError for what is no recording.

    The file is read three times rather than held: half an hour of it is 350 MB.
    """
    path = bench.artifacts.path(request.audio)
    meter = _Levels(decoded(path))
    before = loudness(meter)
    if before is None:
        raise MakeError("AUDIO_INVALID", "the recording cannot be used: nothing can be heard in it")
    bench.report(30)
    gain = min(SPEECH_LUFS - before, _MAX_GAIN_DB)
    limited = loudness(leveled(decoded(path), gain))
    gain = min(gain + SPEECH_LUFS - (SPEECH_LUFS if limited is None else limited), _MAX_GAIN_DB)
    bench.report(60)
    audio = store_wav(_sixteen_bit(leveled(decoded(path), gain)), SOUND_RATE, bench.artifacts)
    words = aligned(request.narration, meter.stretches())
    files = {"audio": audio, "words": bench.artifacts.put_bytes(words_to_json(words), "application/json")}
    return Made(files, {"duration": audio.duration}, tuple(_notices(request.narration, words)))


class _Levels:
    """Passes sound on and keeps its levels, a number for each step."""

    def __init__(self, sound: Iterable[Samples]) -> None:
        self._sound = sound
        self._power: list[Samples] = []

    def __iter__(self) -> Iterator[Samples]:
        waiting = np.zeros(0, np.float32)
        for samples in self._sound:
            waiting = np.concatenate((waiting, samples))
            whole = len(waiting) // _STEP * _STEP
            self._power.append(np.mean(waiting[:whole].reshape(-1, _STEP) ** 2, axis=1))
            waiting = waiting[whole:]
            yield samples

    def stretches(self) -> list[Stretch]:
        if not self._power:
            return []
        power = np.concatenate(self._power).astype(np.float64)
        return voiced(10 * np.log10(np.maximum(power, 1e-10))) if len(power) else []


def _notices(narration: str, words: tuple[Word, ...]) -> Iterator[Notice]:
    if not written_words(narration):
        message = "nobody wrote down what is said in the recording, so it has no captions; narration is the place"
        yield Notice("RECORDING_WITHOUT_TEXT", message)
    elif not words:
        yield Notice("RECORDING_WITHOUT_VOICE", "no voice was found in the recording, so it has no captions")


def _sixteen_bit(sound: Iterable[Samples]) -> Iterator[bytes]:
    for samples in sound:
        yield (samples.clip(-1, 1) * 32767).round().astype("<i2").tobytes()
