"""How technical notation is said: every token of tests/data/hard_tokens.toml."""

import tomllib
from pathlib import Path

import pytest

from kinescribe_server.speech.hibari_text import HibariReader
from kinescribe_server.speech.pronunciation import Marked, Saying, lexicon_with
from kinescribe_server.speech.technical import technical

TOKENS: dict[str, dict[str, str]] = tomllib.loads(
    (Path(__file__).parents[2] / "data" / "hard_tokens.toml").read_text("utf-8")
)
# Where the stress is, and how weak a vowel without it, depends on the words around.
_WEAK = str.maketrans(dict.fromkeys("ᵊᵻɐɪʊʌɜ", "ə") | dict.fromkeys("ˈˌ", "") | {"T": "t"})


@pytest.fixture(scope="module")
def reader() -> HibariReader:
    return HibariReader()


def sounds(reader: HibariReader, marked: Marked) -> str:
    phonemes = "".join(sound.phonemes for sound in reader.read(marked).sounds)
    return "".join(sign for sign in phonemes.translate(_WEAK) if sign.isalpha())


@pytest.mark.parametrize(
    ("written", "said"), [token for tokens in TOKENS.values() for token in tokens.items()], ids=lambda text: text[:20]
)
def test_it_is_said_in_these_words(reader: HibariReader, written: str, said: str) -> None:
    in_plain_letters = Marked("\ue000", (Saying(said, said, ending=False),))
    assert sounds(reader, lexicon_with({}).mark(written)) == sounds(reader, in_plain_letters)


def test_there_are_enough_of_them() -> None:
    assert sum(map(len, TOKENS.values())) >= 200


@pytest.mark.parametrize(
    "prose",
    [
        "He said and/or meant it - then left.",
        "We met at 10:30, and again on 3 May; the score was 2 to 1.",
        "McDonald and MacArthur bought iPhones on YouTube.",
        "About 3.14 of them grew by 2.75 times a year, from 404 to 512 items.",
        "The cost is 5 dollars (or so) -- not more.",
        "It is, e.g., a self-made well-known state-of-the-art thing... and so on.",
    ],
)
def test_prose_is_left_as_it_is(prose: str) -> None:
    assert technical(prose).replace("You Tube", "YouTube") == prose
