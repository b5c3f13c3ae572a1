"""Which words a lexicon finds, and how they are said."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinescribe_server import speech
from kinescribe_server.speech.hibari_text import MAX_PHONEMES, HibariReader, Sound, runs
from kinescribe_server.speech.pronunciation import Lexicon, Saying, lexicon_with, with_plural

LEXICON_FILE = Path(speech.__path__[0]) / "lexicon.toml"


@pytest.fixture(scope="module")
def reader() -> HibariReader:
    return HibariReader()


def sayings(text: str, **entries: str) -> list[str]:
    return [saying.written for saying in Lexicon(entries).mark(text).sayings]


def test_a_word_matches_in_any_case_and_one_in_capitals_only_as_written() -> None:
    assert sayings("Redis redis REDIS", Redis="x") == ["Redis", "redis", "REDIS"]
    assert sayings("let us be in the US", US="united states") == ["US"]


def test_plurals_and_possessives_are_found() -> None:
    assert Lexicon({"enum": "x"}).mark("enums, enum's").sayings == (
        Saying("enums", "x", ending=True),
        Saying("enum's", "x", ending=True),
    )


def test_no_word_is_found_inside_another() -> None:
    assert sayings("Rediscover asyncio", Redis="x", async_="x") == []


def test_the_longest_entry_wins_and_may_have_spaces() -> None:
    found = Lexicon({"New": "x", "New York": "y", "C": "z", "C++": "see plus plus"}).mark("New\n York, C++, C")
    assert [(saying.written, saying.said) for saying in found.sayings] == [
        ("New\n York", "y"),
        ("C++", "see plus plus"),
        ("C", "z"),
    ]


def test_a_user_s_private_use_characters_are_no_marks() -> None:
    assert Lexicon({"a": "x"}).mark("\ue000 \uf8ff").text.strip() == ""


def test_signs_of_regular_expressions_in_an_entry_are_only_signs() -> None:
    assert Lexicon({".*": "x", "(": "y", "": "z", " ": "z"}).mark("anything at all").sayings == ()


def test_the_user_s_entry_is_stronger_than_the_house_s() -> None:
    (saying,) = lexicon_with({"redis": "my way"}).mark("Redis").sayings
    assert saying.said == "my way"


@pytest.mark.parametrize(("stem", "plural"), [("kˈæt", "kˈæts"), ("dˈɑɡ", "dˈɑɡz"), ("bˈʌs", "bˈʌsᵻz")])
def test_the_ending_follows_the_last_sound(stem: str, plural: str) -> None:
    assert with_plural(stem) == plural


def spoken(reader: HibariReader, text: str, user: Mapping[str, str] | None = None) -> str:
    reading = reader.read(lexicon_with(user or {}).mark(text))
    return "".join(sound.phonemes for sound in reading.sounds)


@pytest.mark.parametrize(
    ("written", "phonemes"),
    [
        ("Redis", "ɹˈɛdɪs"),
        ("SQLite", "ˌɛskjuˈɛl lˈIt"),
        ("nginx", "ˈɛnʤən ˈɛks"),
        ("IPv6", "ˌI pˈi vˈi sˈɪks"),
        ("AWS", "ˌAdˌʌbᵊljuˈɛs"),
        ("C#", "sˈi ʃˈɑɹp"),
        ("YAML's", "jˈæməlz"),
        ("gRPC", "ʤˌiˌɑɹpˌisˈi"),
        ("HTTP/2", "ˌAʧtˌitˌipˈi tˈu"),
    ],
)
def test_technical_words_are_said_as_their_users_say_them(reader: HibariReader, written: str, phonemes: str) -> None:
    assert spoken(reader, written) == phonemes


def test_every_entry_of_the_house_has_phonemes(reader: HibariReader) -> None:
    words = tomllib.loads(LEXICON_FILE.read_text("utf-8"))
    assert len(words) > 60
    for word in words:
        reading = reader.read(lexicon_with({}).mark(word))
        assert not reading.notices, word
        assert [sound.text for sound in reading.sounds] == [word]


def test_the_user_gives_plain_letters_or_phonemes(reader: HibariReader) -> None:
    assert spoken(reader, "Kinescribe", {"Kinescribe": "kinny scribe"}) == "kˈɪni skɹˈIb"
    assert spoken(reader, "Kinescribe", {"Kinescribe": "/kˈɪni/"}) == "kˈɪni"
    assert spoken(reader, "你好", {"你好": "nee how"}) == "nˈi hˌW"


def test_a_letter_a_in_plain_letters_is_no_article(reader: HibariReader) -> None:
    assert spoken(reader, "XYZ", {"XYZ": "A P I"}) == "ˈA pˈi ˌI"


@pytest.mark.parametrize("said", ["", "  ", "/123/", "//", "你好", "🚀"])
def test_an_entry_that_cannot_be_spoken_is_ignored_and_told(reader: HibariReader, said: str) -> None:
    reading = reader.read(lexicon_with({"word": said}).mark("A word."))
    assert "wˈɜɹd" in [sound.phonemes for sound in reading.sounds]
    assert [notice.reason for notice in reading.notices] == ["LEXICON_ENTRY_IGNORED"]


def test_brackets_in_a_narration_are_no_markup(reader: HibariReader) -> None:
    assert "həlˈO" not in spoken(reader, "[word](/həlˈO/)")
    assert "wˈɜɹd" in spoken(reader, "[word](/həlˈO/)")


def test_a_word_longer_than_the_engine_s_limit_is_said_to_its_end(reader: HibariReader) -> None:
    assert spoken(reader, "zq" * 30 + "banana").endswith(spoken(reader, "banana")[-2:])
    assert len(spoken(reader, "zqfolk" * 12)) > 2 * len(spoken(reader, "zqfolk" * 4))


def test_runs_of_sounds_have_a_limit_and_keep_everything() -> None:
    sounds = [Sound("a", "a" * 150), Sound(" ", " "), Sound("b", "b" * 1000), Sound("c", "c")]
    found = list(runs(sounds))
    assert all(sum(len(sound.phonemes) for sound in run) <= MAX_PHONEMES for run in found)
    assert "".join(sound.phonemes for run in found for sound in run) == "a" * 150 + " " + "b" * 1000 + "c"
