"""The Pico engine (SVOX, by py-nanotts): small voices for English, German, Spanish, French and Italian."""

import contextlib
import ctypes
import functools
from collections.abc import Callable, Iterator

import numpy as np
from py_nanotts import NanoTTS

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.speech.maker import made_by, own_voice_for, with_notices
from kinescribe_server.speech.protocol import Speech, SpeechRequest
from kinescribe_server.speech.speakable import check_script
from kinescribe_server.speech.untimed import Said, speak_untimed

_SAMPLE_RATE = 16_000
# At full volume the voices clip.
_VOLUME = 0.5
# Pico computes with memory that it has not cleared, and would give other samples each time. glibc can be told to clear
# what it hands out (mallopt(3)): it fills it with the inverse of this byte.
_M_PERTURB, _CLEARED, _AS_IT_IS = -6, 0xFF, 0


def make_speech(request: SpeechRequest, bench: Bench) -> Made:
    return made_by(_engine(), request, bench)


@functools.cache
def _engine() -> "PicoEngine":
    return PicoEngine()


class PicoEngine:
    """Implements SpeechEngine for the voices of the catalogue whose engine is "pico"."""

    def __init__(self) -> None:
        self._pico = NanoTTS()

    def speak(self, request: SpeechRequest) -> Speech:
        """Raises MakeError VOICE_CANNOT_SPEAK for a text that the voice cannot speak as a whole."""
        voice, notices = own_voice_for("pico", request)
        check_script(request.narration, voice.name)
        say = self._say(voice.languages[0], request.rate)
        return with_notices(notices, speak_untimed(request, voice.name, _SAMPLE_RATE, say, only_latin=True))

    def _say(self, voice: str, rate: float) -> Callable[[str], Said]:
        def say(text: str) -> Said:
            with _cleared_memory():
                samples = self._pico.speak(text, voice=voice, speed=rate, volume=_VOLUME)
            return Said(np.frombuffer(samples, "<i2").astype(np.float32) / np.float32(32768))

        return say


@contextlib.contextmanager
def _cleared_memory() -> Iterator[None]:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: None)  # another C library than glibc has none
    mallopt(_M_PERTURB, _CLEARED)
    try:
        yield
    finally:
        mallopt(_M_PERTURB, _AS_IT_IS)
