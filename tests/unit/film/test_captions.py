"""Captions can be read, come with their words, and are valid WebVTT."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinescribe_server.film.caption_files import srt, text_of, webvtt
from kinescribe_server.film.caption_rules import Cue, cues_of, violations
from kinescribe_server.film.captions import Caption, Mark, Spoken, captions
from kinescribe_server.film.words import estimated_words
from kinescribe_server.speech.protocol import Word

COLUMNS_A_SECOND = 15
PROSE = (
    "HTTP/2 carries many requests over one TCP connection. The older version of the protocol needed a new connection, "
    "or a long wait in line, for every file that a page asked for. A browser would open six connections to a server "
    "and still leave most requests waiting."
)


def said(narration: str, start: float = 0.25, pause: float = 0.45) -> Spoken:
    seconds = len(narration) / COLUMNS_A_SECOND
    words = [
        Word(word.text, word.start + start, word.end + start, word.first, word.last)
        for word in estimated_words(narration, seconds)
    ]
    return Spoken(narration, words, start - 0.25, start + seconds + pause)


def shown(*clips: Spoken) -> list[Caption]:
    return [caption for clip in clips for caption in captions(clip)]


def text(found: list[Caption]) -> str:
    return " ".join(line for caption in found for line in caption.lines)


def test_prose_is_divided_at_its_sentences_and_clauses() -> None:
    assert [caption.lines for caption in shown(said(PROSE))] == [
        ("HTTP/2 carries many requests over", "one TCP connection."),
        ("The older version", "of the protocol needed a new connection,"),
        ("or a long wait in line,", "for every file that a page asked for."),
        ("A browser would open",),
        ("six connections to a server", "and still leave most requests waiting."),
    ]


def test_a_caption_starts_with_its_first_word() -> None:
    found = shown(said(PROSE))
    starts = {word.text: word.start for word in said(PROSE).words}
    assert [caption.start for caption in found] == [starts[word] for word in ("HTTP/2", "The", "or", "A", "six")]


def problems(found: list[Caption], end: float) -> list[str]:
    return violations(cues_of(webvtt(found)), end)


WORD = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60)
NARRATION = st.lists(WORD, min_size=1, max_size=60).map(" ".join).filter(lambda said: any(map(str.isalnum, said)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(NARRATION, min_size=1, max_size=4))
def test_whatever_is_said_captions_keep_their_limits_and_all_the_text(narrations: list[str]) -> None:
    clips: list[Spoken] = []
    start = 0.0
    for narration in narrations:
        clip = said(narration, start + 0.25, pause=1.0)
        clips.append(clip)
        start = clip.end
    found = shown(*clips)
    assert problems(found, start) == []
    assert re.sub(r"\s", "", text(found)) == re.sub(r"\s", "", "".join(narrations))


@pytest.mark.parametrize(
    "narration",
    [
        "No.",
        "One word after another " * 60,
        "word" * 100,
        "https://example.org/" + "a-very-long-path/" * 10,
        "缓存把经常使用的数据放在手边。" * 8,
        "Ja. Nein. Doch. Oh. " * 10,
        "line one\nline two\n\n\tline three",
        "a sign \x00 of its own, and \x07",
        "สวัสดีครับยินดีต้อนรับ" * 800,  # in Thai, words have no spaces between them
    ],
)
def test_odd_narrations_keep_the_limits_too(narration: str) -> None:
    clip = said(narration, pause=1.0)
    assert problems(shown(clip), clip.end) == []


def test_a_word_that_is_said_slowly_is_shown_for_seven_seconds() -> None:
    words = [Word("Well", 0.0, 20.0, 0, 4)]
    assert captions(Spoken("Well", words, 0.0, 21.0)) == [Caption(0.0, 7.0, ("Well",), (Mark(0.0, 0, 0, 4),))]


def test_a_caption_stays_until_the_next_when_little_time_is_between() -> None:
    narration = "One sentence that is said until its end has come. Another one that is said after it and has an end."
    words = [Word(m.group(), m.start() / 12, m.end() / 12, m.start(), m.end()) for m in re.finditer(r"\w+", narration)]
    late = [replace(word, start=word.start + 0.3, end=word.end + 0.3) if word.first > 49 else word for word in words]
    first, second = captions(Spoken(narration, late, 0.0, 9.0))
    assert first.end == second.start == 50 / 12 + 0.3


def test_a_last_word_is_shown_for_a_second_within_its_clip() -> None:
    narration = "A good long sentence to begin with, then: bye."
    words = [Word("A", 0.2, 0.4, 0, 1), Word("with", 2.6, 2.8, 30, 34), Word("then", 2.9, 3.1, 36, 40)]
    found = captions(Spoken(narration, [*words, Word("bye", 3.2, 3.4, 42, 45)], 0.0, 3.6))
    assert found[-1].end == 3.6
    assert found[-1].end - found[-1].start >= 1.0
    assert all(earlier.end <= later.start for earlier, later in pairwise(found))


def test_quotes_and_brackets_stay_with_their_words() -> None:
    narration = 'He asked for a cache ("fast memory") and he meant it (mostly).'
    words = [Word(m.group(), m.start() / 10, m.end() / 10, m.start(), m.end()) for m in re.finditer(r"\w+", narration)]
    lines = captions(Spoken(narration, words, 0, 9))[0].lines
    assert " ".join(lines) == narration
    assert not any(line.startswith((")", '")')) or line.endswith("(") for line in lines)


ODD = [Caption(0.0, 1.5, ("a < b && c --> d",)), Caption(3599.9999, 3661.25, ("<script>", "{\\an8}"))]


def test_text_is_escaped_and_cannot_end_its_cue() -> None:
    assert webvtt(ODD) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\na &lt; b &amp;&amp; c --&gt; d\n\n"
        "00:59:59.999 --> 01:01:01.250\n&lt;script&gt;\n{\\an8}\n"
    )


def test_what_players_of_srt_would_take_for_a_tag_or_a_command_stays_text() -> None:
    assert srt(ODD) == (
        "1\n00:00:00,000 --> 00:00:01,500\na < b && c --> d\n\n"
        "2\n00:59:59,999 --> 01:01:01,250\n<\u2060script>\n{\u2060\\an8}\n"
    )


def test_of_chinese_characters_a_line_has_sixteen() -> None:
    found = shown(said("缓存把经常使用的数据放在手边，所以程序不必每次都去慢的地方取。" * 3))
    assert all(len(line) <= 16 for caption in found for line in caption.lines)
    assert max(len(line) for caption in found for line in caption.lines) > 12


def test_a_line_that_would_start_in_the_wrong_direction_is_told_its_own() -> None:
    hebrew = Caption(0, 2, ("HTTP/2 נושא בקשות רבות.", "על חיבור אחד."))
    english = Caption(0, 2, ("שלום means hello, and it is", "a greeting."))
    assert text_of(hebrew) == "\u200fHTTP/2 נושא בקשות רבות.\nעל חיבור אחד."
    assert text_of(english) == "\u200eשלום means hello, and it is\na greeting."
    assert text_of(Caption(0, 2, ("1, 2, 3", "plain"))) == "1, 2, 3\nplain"


def test_the_writers_own_direction_marks_and_joiners_stay_and_take_no_room() -> None:
    narration = "\u200fמחיר: \u20685 USD\u2069 בלבד. می\u200cخواهم"
    assert text(shown(said(narration))) == narration


def test_a_caption_knows_its_words() -> None:
    found = shown(said(PROSE))
    marked = [caption.lines[mark.line][mark.first : mark.last] for caption in found for mark in caption.marks]
    assert marked == PROSE.split()
    starts = [mark.start for caption in found for mark in caption.marks]
    assert starts == sorted(starts)


def test_fast_speech_is_divided_where_there_is_time_to_read() -> None:
    narration = "Now this runs on without end, as fast as it can go. Slow."
    end = narration.index(" Slow")
    words = [
        Word(m.group(), m.start() / 25 + (2.0 if m.start() > end else 0.0), m.end() / 25, m.start(), m.end())
        for m in re.finditer(r"\w+", narration)
    ]
    found = captions(Spoken(narration, words, 0.0, 6.0))
    assert problems(found, 6.0) == []
    assert (found[0].end - found[0].start) * 20 >= end


BROKEN = {
    "shown for 0.900 s": [Cue(0, 0.9, ("a",))],
    "shown for 7.100 s": [Cue(0, 7.1, ("a",))],
    "after the next starts": [Cue(0, 2, ("a",)), Cue(1.9, 4, ("b",))],
    "the film ends": [Cue(8, 10.1, ("a",))],
    "has 3 lines": [Cue(0, 2, ("a", "b", "c"))],
    "has 0 lines": [Cue(0, 2, ())],
    "line of 43 columns": [Cue(0, 4, ("x" * 43,))],
    "line of 44.625 columns": [Cue(0, 4, ("缓" * 17,))],
    "stray spaces": [Cue(0, 2, (" a",))],
    "control characters": [Cue(0, 2, ("a\x07",))],
    "22.0 characters a second": [Cue(0, 1, ("x" * 22,))],
}


@pytest.mark.parametrize("found", BROKEN)
def test_a_broken_rule_is_found(found: str) -> None:
    (message,) = violations(BROKEN[found], 10.0)
    assert found in message


def test_captions_that_have_no_more_time_may_be_fast() -> None:
    fast = Cue(0, 1, ("x" * 22,))
    assert violations([fast, Cue(1.2, 3, ("b",))], 10.0) == []
    assert violations([fast], 1.3) == []


@pytest.mark.parametrize("damaged", ["", "WEBVTT", "WEBVTT\n\nno times\ntext"])
def test_what_is_no_webvtt_file_of_ours_is_told(damaged: str) -> None:
    if damaged == "WEBVTT":
        assert cues_of(damaged) == []
    else:
        with pytest.raises(ValueError, match=r"WEBVTT|times"):
            cues_of(damaged)


def test_control_characters_and_line_breaks_do_not_reach_the_file() -> None:
    found = shown(said("one\u0000two \u2028 three\r\n\r\nfour\u001b[0m"))
    assert text(found) == "onetwo three four[0m"


def test_nothing_said_is_nothing_shown() -> None:
    assert shown(said("")) == shown(said("- : !")) == []
    assert webvtt([]) == "WEBVTT\n"
