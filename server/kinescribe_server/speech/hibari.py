"""The hibari engine: an English voice that speaks offline, 100 times faster than real time on one core."""

import functools
from collections.abc import Sequence

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.alignment import Span, Spoken, align
from kinescribe_server.speech.catalog import VOICES
from kinescribe_server.speech.hibari_model import SAMPLE_RATE, HibariModel
from kinescribe_server.speech.hibari_text import HibariReader
from kinescribe_server.speech.pieces import Piece, pieces
from kinescribe_server.speech.pronunciation import Lexicon, lexicon_with
from kinescribe_server.speech.protocol import Speech, SpeechRequest, VoiceInfo, Word
from kinescribe_server.speech.readable import is_mark, readable
from kinescribe_server.speech.recording import Recording
from kinescribe_server.speech.speakable import check_script, unspeakable
from kinescribe_server.speech.words import Written, written_words

MIN_RATE, MAX_RATE = 0.5, 2.0
# More unspoken words than this are not a narration with a few foreign names in it.
_MAX_UNSPOKEN_SHARE = 0.2
# A notice is a sentence, not a list of everything.
_NAMED_WORDS, _NAMED_LETTERS = 10, 40


class HibariEngine:
    """Implements SpeechEngine for the voices of the catalogue whose engine is "hibari"."""

    def __init__(self) -> None:
        self._reader = HibariReader()
        self._model_of = functools.cache(HibariModel)

    def speak(self, request: SpeechRequest) -> Speech:
        """Raises MakeError VOICE_CANNOT_SPEAK for a text that the voice cannot speak as a whole."""
        voice = _voice(request)
        lexicon = lexicon_with(request.lexicon)
        parts = pieces(request.narration)
        marked = [lexicon.mark(request.narration[part.first : part.last]) for part in parts]
        check_script(" ".join(text.text for text in marked), voice.name)

        recording = Recording(self._model_of(voice.name), request.rate)
        words = written_words(request.narration)
        spans: list[Span | None] = [None] * len(words)
        unspoken: list[str] = []
        notices: list[Notice] = []
        for part, text in zip(parts, marked, strict=True):
            reading = self._reader.read(text)
            unspoken += [*unspeakable(text.text), *reading.unspoken]
            notices += reading.notices
            _place(spans, _words_in(part, words), recording.add(reading.sounds, part.ending), lexicon)
        _check_spoken(voice, unspoken, words, recording)
        notices += _not_spoken(voice, unspoken)
        return Speech(recording.samples(), SAMPLE_RATE, _timed(words, spans), tuple(dict.fromkeys(notices)))


def _voice(request: SpeechRequest) -> VoiceInfo:
    voice = next((voice for voice in VOICES if (voice.name, voice.engine) == (request.voice, "hibari")), None)
    if voice is None:
        raise _cannot(f"hibari has no voice {request.voice!r}")
    language = request.language.replace("_", "-").split("-")[0].lower()
    if language not in voice.languages:
        spoken = ", ".join(voice.languages)
        raise _cannot(f"the voice {voice.name!r} speaks {spoken}, and the narration is in {request.language!r}")
    if not MIN_RATE <= request.rate <= MAX_RATE:
        raise _cannot(f"the speaking rate is {request.rate}; the voice speaks at {MIN_RATE} to {MAX_RATE}")
    return voice


def _words_in(part: Piece, words: Sequence[Written]) -> list[tuple[int, str]]:
    """The words of a piece with their places. A word that is longer than a piece gives its part."""
    return [
        (place, word.text[max(0, part.first - word.first) : part.last - word.first])
        for place, word in enumerate(words)
        if word.first < part.last and word.last > part.first
    ]


def _place(
    spans: list[Span | None], words: Sequence[tuple[int, str]], spoken: Sequence[Spoken], lexicon: Lexicon
) -> None:
    """Fills in the times of a piece's words."""
    if not spoken:
        return
    times = align([_as_read(text, lexicon) for _, text in words], spoken)
    for (place, _), span in zip(words, times, strict=True):
        before = spans[place]
        spans[place] = span if before is None else (before[0], span[1])


def _as_read(word: str, lexicon: Lexicon) -> str:
    """A word as it appears among what is spoken."""
    marked = lexicon.mark(word)
    return "".join(marked.saying(sign).written if is_mark(sign) else sign for sign in readable(marked.text))


def _timed(words: Sequence[Written], spans: Sequence[Span | None]) -> tuple[Word, ...]:
    """The words with their times. One that nothing is spoken for lasts no time."""
    timed: list[Word] = []
    reached = 0.0
    for word, span in zip(words, spans, strict=True):
        start, reached = span or (reached, reached)
        timed.append(Word(word.text, start, reached, word.first, word.last))
    return tuple(timed)


def _check_spoken(voice: VoiceInfo, unspoken: Sequence[str], words: Sequence[Written], recording: Recording) -> None:
    silent = [text for text in unspoken if any(sign.isalnum() for sign in text)]
    if recording.is_empty or len(silent) > max(1, _MAX_UNSPOKEN_SHARE * len(words)):
        raise _cannot(f"the voice {voice.name!r} cannot speak {len(silent)} of {len(words)} words: {_named(silent)}")


def _not_spoken(voice: VoiceInfo, unspoken: Sequence[str]) -> list[Notice]:
    if not unspoken:
        return []
    return [Notice("TEXT_NOT_SPOKEN", f"the voice {voice.name!r} cannot speak a part of the text: {_named(unspoken)}")]


def _named(texts: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(texts))
    named = ", ".join(text[:_NAMED_LETTERS] for text in distinct[:_NAMED_WORDS])
    return named if len(distinct) <= _NAMED_WORDS else f"{named} and {len(distinct) - _NAMED_WORDS} more"


def _cannot(message: str) -> MakeError:
    return MakeError("VOICE_CANNOT_SPEAK", message)
