"""What stands in where no voice can speak: silence for as long as reading takes."""

from collections.abc import Iterator

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.speech.protocol import SpeechRequest, Word
from kinescribe_server.speech.wav import SAMPLE_BYTES, store_wav
from kinescribe_server.speech.words import is_unspaced, words_to_json, written_words

SAMPLE_RATE = 24_000
# How fast captions can be read and the picture still be looked at.
WORDS_PER_SECOND = 2.5
CHARACTERS_PER_SECOND = 4.0
MIN_SECONDS = 2.0
# A "word" of a language whose words are not spaced (Thai) may be a whole sentence.
_LONGEST_WORD = 12


def make_silence(request: SpeechRequest, bench: Bench) -> Made:
    """Files and details as those of a speech maker, with a time for every word. The caller marks the segment."""
    words = _reading_times(request.narration, request.rate)
    duration = max(MIN_SECONDS, words[-1].end if words else 0.0)
    audio = store_wav(_zeros(round(duration * SAMPLE_RATE)), SAMPLE_RATE, bench.artifacts)
    spread = duration / words[-1].end if words else 1.0
    timed = [Word(word.text, word.start * spread, word.end * spread, word.first, word.last) for word in words]
    times = bench.artifacts.put_bytes(words_to_json(timed), "application/json")
    details = {"duration": audio.duration, "word_times": "estimated"}
    notice = Notice("SCENE_SILENT", f"nothing is said for {duration:.1f} s, the time that it takes to read the words")
    return Made(files={"audio": audio, "words": times}, details=details, notices=(notice,))


def _reading_times(narration: str, rate: float) -> list[Word]:
    times: list[Word] = []
    for word in written_words(narration):
        start = times[-1].end if times else 0.0
        end = start + _reading_seconds(word.text) / rate
        times.append(Word(word.text, start, end, word.first, word.last))
    return times


def _reading_seconds(word: str) -> float:
    if is_unspaced(word):
        return 1 / CHARACTERS_PER_SECOND
    return max(1, len(word) // _LONGEST_WORD) / WORDS_PER_SECOND


def _zeros(count: int) -> Iterator[bytes]:
    second = bytes(SAMPLE_BYTES * SAMPLE_RATE)
    for _ in range(count // SAMPLE_RATE):
        yield second
    yield bytes(SAMPLE_BYTES * (count % SAMPLE_RATE))
