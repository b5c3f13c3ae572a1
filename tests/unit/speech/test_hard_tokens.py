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


def letters_a(reader: HibariReader, text: str) -> list[bool]:
    """Whether each "a" of a text is read as the letter, and not as the article."""
    sounds = reader.read(lexicon_with({}).mark(text)).sounds
    return ["A" in sound.phonemes for sound in sounds if sound.text.lower() in {"a", "eh"}]


@pytest.mark.parametrize(
    "text",
    [
        "F equals m a.",
        "a plus b equals c.",
        "a squared plus b squared equals c squared",
        "minus 4 a c, all over 2 a",
        "the integral from a to b of f of x",
        "the sum over i of a sub i",
        "a sub n-plus-1 minus a sub n",
        "P of B given A, times P of A, over P of B",
        "Q of s prime and a prime, minus Q of s and a",
        "A inverse A equals I",
        "C A C O 3 gives C A O plus C O 2",
        "k equals A e to the minus x",
        "Here, option A is better.",
    ],
)
def test_a_is_a_letter_where_no_article_can_stand(reader: HibariReader, text: str) -> None:
    found = letters_a(reader, text)
    assert found and all(found)


@pytest.mark.parametrize(
    "text",
    [
        "a plus sign and a minus sign",
        "a times table",
        "a squared error",
        "a dot product",
        "a sub is a sandwich",
        "a C program",
        "a B tree is fast",
        "a p value of 3",
        "a 5 percent rise",
        "a prime number",
        "7 is a prime.",
        "a given value",
        "a to-do list",
        "What a day!",
        "Get a life, a job and a house.",
        "It is a vector a day.",
    ],
)
def test_a_is_an_article_everywhere_else(reader: HibariReader, text: str) -> None:
    found = letters_a(reader, text)
    assert found and not any(found)
