"""What every maker of speech does with what its engine says: levels it, and stores it with the times of its words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.catalog import own_voice
from kinescribe_server.speech.heard import Samples
from kinescribe_server.speech.level import leveled
from kinescribe_server.speech.protocol import Speech, SpeechEngine, SpeechRequest, VoiceInfo
from kinescribe_server.speech.wav import store_wav
from kinescribe_server.speech.words import words_to_json


def made_by(engine: SpeechEngine, request: SpeechRequest, bench: Bench) -> Made:
    """Files and details as in protocol.py. Raises MakeError VOICE_CANNOT_SPEAK."""
    speech = engine.speak(request)
    bench.report(80)
    audio = store_wav(_sixteen_bit(leveled(speech.samples, speech.sample_rate)), speech.sample_rate, bench.artifacts)
    words = bench.artifacts.put_bytes(words_to_json(speech.words), "application/json")
    details = {"duration": audio.duration, "word_times": speech.word_times}
    return Made(files={"audio": audio, "words": words}, details=details, notices=speech.notices)


def own_voice_for(engine: str, request: SpeechRequest) -> tuple[VoiceInfo, list[Notice]]:
    """An engine's voice for a request, which may name the voice of an engine that failed, and the notice of that."""
    voice = own_voice(engine, request.language, request.voice)
    if voice is None:
        message = f"{engine} has no voice {request.voice!r} and none that speaks {request.language!r}"
        raise MakeError("VOICE_CANNOT_SPEAK", message)
    if voice.name == request.voice:
        return voice, []
    return voice, [Notice("VOICE_CHANGED", f"the voice {voice.name!r} speaks in place of {request.voice!r}")]


def with_notices(notices: Sequence[Notice], speech: Speech) -> Speech:
    return replace(speech, notices=tuple(dict.fromkeys((*notices, *speech.notices))))


def _sixteen_bit(blocks: Iterable[Samples]) -> Iterator[bytes]:
    for block in blocks:
        yield (block.clip(-1, 1) * 32767).round().astype("<i2").tobytes()
