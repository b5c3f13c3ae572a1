"""The espeak-ng program, where it is installed: a plain voice for almost every language.

It is under the GPL and is never linked or imported: it runs as a process of its own, for one piece of text at a time.
"""

import functools
import struct
import subprocess
from collections.abc import Callable

import numpy as np

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.espeak_voices import PROGRAM, program_voice
from kinescribe_server.speech.heard import Samples
from kinescribe_server.speech.maker import made_by, own_voice_for, with_notices
from kinescribe_server.speech.protocol import Speech, SpeechRequest
from kinescribe_server.speech.untimed import Said, speak_untimed

# All of its own voices have this rate; only foreign ones (MBROLA) differ.
_SAMPLE_RATE = 22_050
_WORDS_PER_MINUTE = 160
# A piece takes a few hundredths of a second.
_TIME_LIMIT_SECONDS = 10.0
_HEADER = 44


def make_speech(request: SpeechRequest, bench: Bench) -> Made:
    return made_by(_engine(), request, bench)


@functools.cache
def _engine() -> "EspeakEngine":
    return EspeakEngine()


class EspeakEngine:
    """Implements SpeechEngine for the voices of the catalogue whose engine is "espeak-ng"."""

    def speak(self, request: SpeechRequest) -> Speech:
        """Raises MakeError VOICE_CANNOT_SPEAK for a text that the voice cannot speak as a whole."""
        voice, notices = own_voice_for("espeak-ng", request)
        say = _say(program_voice(voice.languages[0]), request.rate)
        return with_notices(notices, speak_untimed(request, voice.name, _SAMPLE_RATE, say, only_latin=False))


def _say(voice: str, rate: float) -> Callable[[str], Said]:
    speed = str(round(_WORDS_PER_MINUTE * rate))
    command = [PROGRAM, "-v", voice, "-s", speed, "-b", "1", "-z", "--stdin", "--stdout"]

    def say(text: str) -> Said:
        try:
            run = subprocess.run(
                command, input=text.encode(), capture_output=True, timeout=_TIME_LIMIT_SECONDS, check=False
            )
        except FileNotFoundError:
            raise MakeError("VOICE_CANNOT_SPEAK", f"the program {PROGRAM} is not installed here") from None
        except subprocess.TimeoutExpired:
            message = f"{PROGRAM} took longer than {_TIME_LIMIT_SECONDS:.0f} s for {len(text)} characters"
            raise MakeError("TIME_LIMIT", message) from None
        if run.returncode != 0:
            raise MakeError("VOICE_CANNOT_SPEAK", f"{PROGRAM} cannot speak with its voice {voice!r} here")
        return Said(_samples(run.stdout))

    return say


def _samples(wav: bytes) -> Samples:
    """The samples of a WAV file whose header was written before its length was known."""
    if len(wav) < _HEADER or struct.unpack_from("<HI", wav, 22) != (1, _SAMPLE_RATE):
        raise MakeError("VOICE_CANNOT_SPEAK", f"{PROGRAM} gave no sound of one channel at {_SAMPLE_RATE} Hz")
    return np.frombuffer(wav[_HEADER : len(wav) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)
