"""The maker of speech. Importing it loads the engine's libraries; the first call loads the voice."""

import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.level import leveled
from kinescribe_server.speech.protocol import SpeechRequest
from kinescribe_server.speech.wav import store_wav
from kinescribe_server.speech.words import words_from_json, words_to_json

__all__ = ["make_speech", "words_from_json"]

_BLOCK_SAMPLES = 1 << 18


def make_speech(request: SpeechRequest, bench: Bench) -> Made:
    """Files {"audio", "words"} and details {"duration"} as in protocol.py. Raises MakeError VOICE_CANNOT_SPEAK."""
    speech = _engine().speak(request)
    bench.report(80)
    samples = leveled(speech.samples, speech.sample_rate)
    audio = store_wav(_sixteen_bit(samples), speech.sample_rate, bench.artifacts)
    words = bench.artifacts.put_bytes(words_to_json(speech.words), "application/json")
    return Made(files={"audio": audio, "words": words}, details={"duration": audio.duration}, notices=speech.notices)


@functools.cache
def _engine() -> HibariEngine:
    return HibariEngine()


def _sixteen_bit(samples: NDArray[np.float32]) -> Iterator[bytes]:
    for start in range(0, len(samples), _BLOCK_SAMPLES):
        block = samples[start : start + _BLOCK_SAMPLES]
        yield (block.clip(-1, 1) * 32767).round().astype("<i2").tobytes()
