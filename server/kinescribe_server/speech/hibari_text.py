"""hibari's reading of text: words -> phonemes, with the pronunciations that a lexicon gives."""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hibari.g2p import G2P
from hibari.g2p.normalize import normalize
from hibari.g2p.oov import OOV
from hibari.g2p.token import Tok

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.speech.hibari_model import PHONEMES
from kinescribe_server.speech.marks import is_mark
from kinescribe_server.speech.pronunciation import Marked, Saying, with_plural
from kinescribe_server.speech.readable import readable

# At this many phonemes hibari, too, divides a sentence; a number in digits can grow to ten times its length.
MAX_PHONEMES = 400
# In plain letters "A P I" is three letters, and no article.
_LETTER_A = re.compile(r"\bA\b")
# So it is in a text where no article can stand: "F equals m a", "2 a c", "a plus b", but not "a plus sign".
_SAID_OF_LETTERS = r"(?:plus|minus|times|over|equals|is|to|of|and|squared|cubed|sub|hat|bar|prime)"
_VARIABLE_A = re.compile(
    rf"""(?<=sub\ )[aA]\b
    | (?<=[^.!?:\s]\ )A\b(?!\ [A-Z][A-Za-z]|['’.-]\w)
    | (?<![\w'’.-])[aA](?=
        \s*(?:$|[,;:!?)=+*/^<>]|\.(?!\w))
      | \ (?:equals|is|to|and|or|over|becomes|mod|inverse|transpose|not\ equal|(?:less|greater)\ than)\b(?!-)
      | \ (?:plus|minus|times|dot|cross|sub|hat|bar|tilde)
        \ (?:[A-Za-z]|\d+|the|max|min|plus|minus|times|over|equals)\b(?!-(?!plus|minus))
      | \ (?:squared|cubed)(?:\ {_SAID_OF_LETTERS}\b|[,;.)]|$)
      | \ [b-z](?:\ (?:{_SAID_OF_LETTERS}|[a-z])\b|[,;.)]|$)
      )
    | (?:(?<=and\ )|(?<=over\ )|(?<=times\ )|(?<=plus\ )|(?<=minus\ ))a(?=\ prime(?:[,;.)]|$|\ {_SAID_OF_LETTERS}\b))
    """,
    re.VERBOSE,
)
_LEXICON_PHONEMES_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to be said without a pause: what the text has for it, and its phonemes (a space is one, too)."""

    text: str
    phonemes: str

    @property
    def is_voiced(self) -> bool:
        return any(sign.isalpha() for sign in self.phonemes)


@dataclass(slots=True)
class Reading:
    """What is said for a text, the words in it that have no sound, and what is to be told."""

    sounds: list[Sound] = field(default_factory=list)
    unspoken: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


class HibariReader:
    """Reads American English. Loading its dictionaries takes half a second."""

    def __init__(self) -> None:
        unknown = OOV()
        self._g2p = G2P(oov=lambda word: _in_parts(unknown, word))
        self._lexicon_phonemes = functools.lru_cache(_LEXICON_PHONEMES_REMEMBERED)(self._phonemes_of_said)

    def read(self, marked: Marked) -> Reading:
        """A piece of text, its marks read as their sayings."""
        reading = Reading()
        for token in self._g2p.phonemize_tokens(self._tokens(marked, reading)):
            sound = Sound(token.text, "".join(sign for sign in token.phonemes or "" if sign in PHONEMES))
            if sound.phonemes:
                reading.sounds.append(sound)
            if token.whitespace:
                reading.sounds.append(Sound(" ", " "))
            if not sound.is_voiced and any(sign.isalnum() for sign in token.text):
                reading.unspoken.append(token.text)
        return reading

    def _tokens(self, marked: Marked, reading: Reading) -> list[Tok]:
        tokens: list[Tok] = []
        text, start = _VARIABLE_A.sub("eh", normalize(readable(marked.text))), 0
        for place, sign in enumerate(text):
            if is_mark(sign):
                saying = marked.saying(sign)
                tokens += self._g2p.tokenize(text[start:place])
                space = " " if text[place + 1 : place + 2].isspace() else ""
                # "NN" and 5 are what hibari itself gives to words whose phonemes are known.
                tokens.append(Tok(saying.written, "NN", space, phonemes=self._phonemes(saying, reading), rating=5))
                start = place + 1
        return tokens + list(self._g2p.tokenize(text[start:]))

    def _phonemes(self, saying: Saying, reading: Reading) -> str:
        phonemes = self._lexicon_phonemes(saying.said)
        if phonemes:
            return with_plural(phonemes) if saying.ending else phonemes
        message = f"the lexicon says {saying.said[:40]!r} for {saying.written[:40]!r}, which cannot be spoken"
        reading.notices.append(Notice("LEXICON_ENTRY_IGNORED", message))
        return str(self._g2p(readable(saying.written)))

    def _phonemes_of_said(self, said: str) -> str:
        """The phonemes of a lexicon's entry; "" if it has none that the model knows."""
        said = said.strip()
        if len(said) > 2 and said[0] == said[-1] == "/":
            phonemes = said[1:-1]
            known = all(sign in PHONEMES for sign in phonemes)
        else:
            phonemes, known = str(self._g2p(_LETTER_A.sub("eh", readable(said)))), True
        return phonemes if known and any(sign.isalpha() for sign in phonemes) else ""


def runs(sounds: Sequence[Sound]) -> Iterator[list[Sound]]:
    """Sounds in groups of at most MAX_PHONEMES; a longer sound is divided."""
    run: list[Sound] = []
    size = 0
    for sound in (part for whole in sounds for part in _divided(whole)):
        if run and size + len(sound.phonemes) > MAX_PHONEMES:
            yield run
            run, size = [], 0
        run.append(sound)
        size += len(sound.phonemes)
    if run:
        yield run


def _divided(sound: Sound) -> Iterator[Sound]:
    for start in range(0, len(sound.phonemes), MAX_PHONEMES):
        yield Sound(sound.text, sound.phonemes[start : start + MAX_PHONEMES])


def _in_parts(read: OOV, word: str) -> str:
    """The phonemes of an unknown word. hibari would leave out what goes beyond its longest word."""
    parts = (read(word[start : start + read.maxlen]) for start in range(0, len(word), read.maxlen))
    return "".join(part or "" for part in parts)
