"""States appear as their words are spoken."""

import time

import pytest

from kinescribe_server.film.cues import appearances
from kinescribe_server.film.words import estimated_words
from kinescribe_server.speech.protocol import Word

SECOND_PER_WORD = 1.0


def spoken(narration: str) -> list[Word]:
    """One word a second, from second 1 on: the word's number is the second in which it is spoken."""
    return [
        Word(word.text, index + 1, index + 1.9, word.first, word.last)
        for index, word in enumerate(estimated_words(narration, 1.0))
    ]


def appear(narration: str, *cues: str) -> list[float]:
    words = spoken(narration)
    return appearances(cues, words, (1.0, len(words) + 1.0), len(words) + 2.0)


def second_of(narration: str, word: str) -> float:
    return narration.split().index(word) + 1.0


def test_the_first_state_is_there_from_the_start() -> None:
    assert appear("one two three", "two") == [0.0]


@pytest.mark.parametrize(
    ("cue", "at"),
    [
        ("Fast reads", "fast"),
        ("FAST READS!", "fast"),
        ("fast: reads", "fast"),
        ("2. Fast reads", "fast"),
        ("(b) Fast reads", "fast"),
        ("1.2. Fast reads", "fast"),
        ("• Fast reads", "fast"),
        ("Fast reading", "fast"),  # another form of the word
        ("cheapwrites", "cheap"),  # joined here, two words there
        ("Time outs", "timeouts,"),  # two words here, joined there
        ("e-mail alerts", "email"),
        ("Cheap disk writes", "cheap"),  # a word that is not said
        ("At the end, timeouts happen", "at"),  # a word that differs
        ("Don’t panic", "Don't"),
    ],
)
def test_a_cue_is_found_however_it_is_written(cue: str, at: str) -> None:
    narration = (
        "A cache gives fast reads and cheap writes, but at the end timeouts, happen and email alerts. Don't panic."
    )
    assert appear(narration, "", cue)[1] == second_of(narration, at)


def test_cues_are_found_in_order_even_when_their_words_come_twice() -> None:
    narration = "keys and values then keys again and values again"
    assert appear(narration, "", "keys", "values", "keys", "values") == [0.0, 1.0, 3.0, 5.0, 8.0]


def test_two_equal_cues_are_two_places() -> None:
    assert appear("retry it now and retry it later", "", "retry it", "retry it") == [0.0, 1.0, 5.0]


def test_a_chance_match_late_in_the_narration_does_not_hide_the_cues_after_it() -> None:
    narration = "first the parser then the linker then the loader and all of that is what a compiler does"
    times = appear(narration, "", "a compiler", "the parser", "the linker", "the loader")
    assert times[2:] == [2.0, 5.0, 8.0]


def test_a_state_whose_cue_is_not_found_stands_between_its_neighbours() -> None:
    narration = "alpha one two three beta five six seven eight nine"
    assert appear(narration, "", "alpha", "unheard", "beta") == [0.0, 1.0, 3.0, 5.0]
    assert appear(narration, "", "", "beta", "missing") == [0.0, 3.0, 5.0, 8.0]


def test_states_without_any_cue_share_the_spoken_time() -> None:
    assert appearances(["", "", "", ""], [], (0.25, 8.25), 9.0) == [0.0, 2.25, 4.25, 6.25]


def test_times_strictly_increase_and_each_state_lasts_long_enough() -> None:
    words = [Word("a", 1.0, 1.1, 0, 1), Word("b", 1.1, 1.2, 2, 3), Word("c", 1.2, 1.3, 4, 5)]
    times = appearances(["", "a", "b", "c"], words, (1.0, 1.3), 2.0)
    gaps = [later - earlier for earlier, later in zip(times, [*times[1:], 2.0], strict=True)]
    assert min(gaps) >= 0.3 - 1e-9


def test_a_clip_too_short_for_its_states_shares_its_time() -> None:
    assert appearances([""] * 4, [], (0.0, 1.0), 0.8) == pytest.approx([0.0, 0.2, 0.4, 0.6])


def test_cues_in_scripts_without_spaces_are_found_inside_longer_runs() -> None:
    words = [Word("缓存很快。", 1.0, 2.0, 0, 5), Word("数据库很慢。", 3.0, 4.0, 5, 11)]
    assert appearances(["", "数据库"], words, (1.0, 4.0), 5.0) == [0.0, 3.0]


def test_a_cue_of_one_word_is_not_mistaken_for_another_word() -> None:
    assert appear("the reader and the writer", "", "database")[1] == pytest.approx(3.5)


def test_a_long_narration_with_many_cues_is_quick() -> None:
    narration = " ".join(f"the item number{index} is said here" for index in range(150))
    cues = ["", *(f"the item number{index} is" for index in range(0, 150, 5))]
    began = time.process_time()
    times = appear(narration, *cues)
    assert time.process_time() - began < 1.0
    assert times[1:] == [1.0 + 6 * index for index in range(0, 150, 5)]
