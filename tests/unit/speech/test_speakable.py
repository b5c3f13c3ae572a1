"""What an English voice can speak at all."""

import pytest

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.speakable import check_script, unspeakable


@pytest.mark.parametrize("text", ["你好，世界", "مرحبا بالعالم", "Привет, мир", "λόγος", "สวัสดี", "Hello and Привет"])
def test_text_of_another_script_cannot_be_spoken(text: str) -> None:
    with pytest.raises(MakeError, match="of another script") as error:
        check_script(text, "heart")
    assert error.value.reason == "VOICE_CANNOT_SPEAK"
    assert not error.value.retryable


@pytest.mark.parametrize("text", ["", " \n", "🚀🚀", "… — !!!", "\x00\ud800"])
def test_text_without_letters_or_digits_cannot_be_spoken(text: str) -> None:
    with pytest.raises(MakeError, match="no letter or digit"):
        check_script(text, "heart")


@pytest.mark.parametrize("text", ["7", "½", "A", "Schrödinger's Łódź", "θ", "We greet with 你好 in Beijing every day"])
def test_latin_letters_digits_and_a_few_foreign_letters_can_be_spoken(text: str) -> None:
    check_script(text, "heart")


def test_foreign_words_and_emoji_are_found_whole() -> None:
    assert unspeakable("We say 你好 or привет 👨‍👩‍👧 👍🏽 हिन्दी, not π or café.") == [
        "你好",
        "привет",
        "👨‍👩‍👧",
        "👍🏽",
        "हिन्दी",
    ]


def test_text_that_can_be_spoken_has_nothing_unspeakable() -> None:
    assert unspeakable("HTTP/2 → 62% of $5, x² ≤ µ… ©") == []
