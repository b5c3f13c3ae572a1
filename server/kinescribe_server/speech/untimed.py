"""Speech by engines that take plain text. When its words are heard is estimated for those that do not tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.alignment import Spoken
from kinescribe_server.speech.estimate import LETTER_SECONDS, estimated, length
from kinescribe_server.speech.heard import WINDOW_SECONDS, Samples, voiced_windows
from kinescribe_server.speech.marks import is_mark
from kinescribe_server.speech.narration import Narration, Utterance
from kinescribe_server.speech.pieces import Piece, pieces
from kinescribe_server.speech.plain import broken, plain_text
from kinescribe_server.speech.pronunciation import Lexicon, Marked
from kinescribe_server.speech.protocol import Speech, SpeechRequest, WordTimes
from kinescribe_server.speech.readable import readable
from kinescribe_server.speech.speakable import check_spoken, not_spoken, pictures, unspeakable

# How much faster or slower than the average a text may be: abbreviations are short to write and long to say.
_LEAST, _MOST, _MOST_SECONDS = 0.25, 5.0, 2.0


@dataclass(frozen=True, slots=True)
class Said:
    """What an engine said for a piece of text, and its words with their times; none where it does not tell."""

    samples: Samples
    words: Sequence[Spoken] = ()


def speak_untimed(
    request: SpeechRequest,
    voice: str,
    sample_rate: int,
    say: Callable[[str], Said],
    *,
    only_latin: bool,
    cut: Callable[[str], Sequence[Piece]] = pieces,
) -> Speech:
    """What `say` gives for each piece of a narration. Raises MakeError VOICE_CANNOT_SPEAK as engines do."""
    read = _reader(request.language)
    lexicon = Lexicon({word: said for word, said in request.lexicon.items() if _is_plain(said)})
    narration = Narration(request, sample_rate, lambda word: _as_read(word, lexicon, read))
    unspoken: list[str] = []
    all_told = True
    for part in cut(request.narration):
        marked = lexicon.mark(request.narration[part.first : part.last])
        unspoken += (unspeakable if only_latin else pictures)(marked.text)
        text = _with_sayings(marked, read)
        words = [_as_read(word, lexicon, read) for _, word in narration.words_in(part)]
        heard = [word for word in words if any(sign.isalnum() for sign in word)]
        if not heard:
            narration.add(part, [])
            continue
        said = say(text)
        loud = voiced_windows(said.samples, sample_rate)
        _check_length(len(loud) * WINDOW_SECONDS * request.rate, heard)
        all_told = all_told and bool(said.words)
        narration.add(part, [Utterance(said.samples, loud, said.words or estimated(heard, loud))])
    check_spoken(voice, unspoken, len(narration.written), is_silent=narration.is_silent)
    notices = (*_ignored(request), *not_spoken(voice, unspoken))
    word_times: WordTimes = "measured" if all_told else "estimated"
    return Speech(narration.samples(), sample_rate, narration.words(), word_times, notices)


def _reader(language: str) -> Callable[[str], str]:
    """English signs have English readings; other languages are left to what the engine knows of them."""
    if language.replace("_", "-").split("-")[0].lower() == "en":
        return lambda text: broken(readable(text).translate(_NO_MARKUP))
    return plain_text


_NO_MARKUP = str.maketrans("<>{}", "  ()")


def _with_sayings(marked: Marked, read: Callable[[str], str]) -> str:
    signs = (_said(marked, sign, read) if is_mark(sign) else sign for sign in read(marked.text))
    return " ".join("".join(signs).split())


def _said(marked: Marked, mark: str, read: Callable[[str], str]) -> str:
    saying = marked.saying(mark)
    return read(saying.said).strip() + ("s" if saying.ending else "")


def _as_read(word: str, lexicon: Lexicon, read: Callable[[str], str]) -> str:
    return _with_sayings(lexicon.mark(word), read)


def _is_plain(said: str) -> bool:
    said = said.strip()
    return bool(said) and not (len(said) > 2 and said[0] == said[-1] == "/")


def _ignored(request: SpeechRequest) -> list[Notice]:
    """The entries of the user's lexicon that occur in the narration and that only another engine can read."""
    phonemes = Lexicon({word: said for word, said in request.lexicon.items() if not _is_plain(said)})
    return [
        Notice("LEXICON_ENTRY_IGNORED", f"the lexicon says {said.said[:40]!r} for {said.written[:40]!r}, not letters")
        for said in dict.fromkeys(phonemes.mark(request.narration).sayings)
    ]


def _check_length(seconds: float, words: Sequence[str]) -> None:
    expected = LETTER_SECONDS * sum(map(length, words))
    if not _LEAST * expected <= seconds <= _MOST * expected + _MOST_SECONDS:
        raise MakeError(
            "VOICE_CANNOT_SPEAK",
            f"the voice needed {seconds:.1f} s for {len(words)} words, which cannot be what the text says",
        )
