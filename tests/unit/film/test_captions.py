"""Captions can be read, come with their words, and are valid WebVTT."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinescribe_server.film.captions import Caption, Spoken, captions, webvtt
from kinescribe_server.film.phrases import LINE_COLUMNS, width
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
    return Spoken(narration, words, start + seconds + pause)


def shown(*clips: Spoken) -> list[Caption]:
    return captions(clips, clips[-1].end)


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


def valid(found: list[Caption], end: float) -> None:
    for caption in found:
        assert 1 <= len(caption.lines) <= 2
        assert all(line and width(line) <= LINE_COLUMNS for line in caption.lines)
        assert 1.0 - 1e-9 <= caption.end - caption.start <= 7.0 + 1e-9
        assert 0 <= caption.start < caption.end <= end
    for earlier, later in pairwise(found):
        assert earlier.end <= later.start


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
    valid(found, start)
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
    ],
)
def test_odd_narrations_keep_the_limits_too(narration: str) -> None:
    clip = said(narration, pause=1.0)
    valid(shown(clip), clip.end)


def test_a_word_that_is_said_slowly_is_shown_for_seven_seconds() -> None:
    words = [Word("Well", 0.0, 20.0, 0, 4)]
    assert captions([Spoken("Well", words, 21.0)], 21.0) == [Caption(0.0, 7.0, ("Well",))]


def test_a_caption_stays_until_the_next_when_little_time_is_between() -> None:
    words = [Word("Fine.", 0.0, 2.0, 0, 5), Word("Next.", 2.3, 4.0, 6, 11)]
    first, second = captions([Spoken("Fine.", words[:1], 2.2), Spoken("Next.", [Word("Next.", 2.3, 4.0, 0, 5)], 9)], 9)
    assert first.end == second.start == 2.3


def test_the_last_word_of_a_film_is_shown_for_a_second_within_the_film() -> None:
    clips = [said("A good long sentence to begin with.", 0.0), Spoken("Bye.", [Word("Bye.", 3.2, 3.4, 0, 4)], 3.6)]
    found = captions(clips, 3.6)
    assert found[-1].end == 3.6
    assert found[-1].start == pytest.approx(2.6)
    assert found[0].end <= found[-1].start


def test_quotes_and_brackets_stay_with_their_words() -> None:
    narration = 'He asked for a cache ("fast memory") and he meant it (mostly).'
    words = [Word(m.group(), m.start() / 10, m.end() / 10, m.start(), m.end()) for m in re.finditer(r"\w+", narration)]
    lines = captions([Spoken(narration, words, 9)], 9)[0].lines
    assert " ".join(lines) == narration
    assert not any(line.startswith((")", '")')) or line.endswith("(") for line in lines)


def test_text_is_escaped_and_cannot_end_its_cue() -> None:
    vtt = webvtt([Caption(0.0, 1.5, ("a < b && c --> d",)), Caption(3599.9999, 3661.25, ("<script>", "x"))])
    assert vtt == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\na &lt; b &amp;&amp; c --&gt; d\n\n"
        "00:59:59.999 --> 01:01:01.250\n&lt;script&gt;\nx\n"
    )


def test_control_characters_and_line_breaks_do_not_reach_the_file() -> None:
    found = shown(said("one\u0000two \u2028 three\r\n\r\nfour\u001b[0m"))
    assert text(found) == "onetwo three four[0m"


def test_nothing_said_is_nothing_shown() -> None:
    assert shown(said("")) == shown(said("- : !")) == []
    assert webvtt([]) == "WEBVTT\n"
