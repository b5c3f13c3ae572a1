"""The words of a narration, and their list as JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.speech.protocol import Word
from kinescribe_server.speech.words import words_from_json, words_to_json, written_words


def texts(text: str) -> list[str]:
    return [word.text for word in written_words(text)]


def test_words_keep_their_punctuation() -> None:
    assert texts('He said: "Use HTTP/2 (62%), don\'t wait."') == [
        "He", "said:", '"Use', "HTTP/2", "(62%),", "don't", 'wait."',
    ]  # fmt: skip


def test_a_dash_ends_a_word_and_is_none() -> None:
    assert texts("fast—really — 1990–1995") == ["fast—", "really", "1990–", "1995"]


def test_signs_without_a_letter_or_digit_are_no_words() -> None:
    assert texts("- 🚀 … && ok") == ["ok"]


def test_each_character_of_an_unspaced_script_is_a_word() -> None:
    assert texts("你好。Hi ひと") == ["你", "好。", "Hi", "ひ", "と"]


def test_control_characters_and_lone_surrogates_separate_words() -> None:
    assert texts("a\x00b \ud800c") == ["a", "b", "c"]


@given(st.text(max_size=80))
def test_every_letter_and_digit_is_in_exactly_one_word(text: str) -> None:
    words = written_words(text)
    assert all(text[word.first : word.last] == word.text for word in words)
    covered = [place for word in words for place in range(word.first, word.last)]
    assert covered == sorted(set(covered))
    wanted = {place for place, sign in enumerate(text) if sign.isalnum()}
    assert wanted <= set(covered)


def test_the_json_list_reads_back_with_times_in_milliseconds() -> None:
    words = (Word("Hé", 0.03, 0.5, 0, 2), Word("🚀1", 1 / 3, 2 / 3, 3, 5))
    assert words_from_json(words_to_json(words)) == (words[0], Word("🚀1", 0.333, 0.667, 3, 5))


def test_what_is_not_a_list_of_words_is_refused() -> None:
    with pytest.raises(ValueError, match="text"):
        words_from_json(b'[{"start": 1}]')
