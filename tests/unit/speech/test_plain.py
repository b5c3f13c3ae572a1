"""Text for engines that read plain text."""

import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.speech.pico import make_speech
from kinescribe_server.speech.plain import plain_text
from kinescribe_server.speech.protocol import SpeechRequest


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Grüße, 62 % für Łódź!", "Grüße, 62 % für Łódź!"),
        ("a\x00b\ud800c\x1bd\ne", "a b c d e"),
        ("<speed level='20'>hi</speed> [[h@'loU]]", "speed level='20' hi /speed ((h@'loU))"),
        ("so 🚀 gut ✨", "so gut"),
        ("نمی\u200cدانم", "نمی\u200cدانم"),
    ],
)
def test_only_what_no_engine_should_see_is_gone(written: str, read: str) -> None:
    assert plain_text(written) == read


def test_long_runs_without_a_space_are_broken() -> None:
    assert max(map(len, plain_text("a" * 5_000).split())) <= 40


def test_phonemes_in_the_lexicon_are_told_to_an_engine_that_reads_letters(bench: WorkerBench) -> None:
    lexicon = {"Tag": "/tˈɑɡ/", "Guten": "guhten", "nie": "/nˈi/"}
    made = make_speech(SpeechRequest("Guten Tag.", "pico-de-de", "de", lexicon=lexicon), bench)
    (notice,) = made.notices
    assert notice.reason == "LEXICON_ENTRY_IGNORED"
    assert "'Tag'" in notice.message
