"""What the writer promises for any text: limits, errors, languages, identifiers, and the same bytes again."""

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.maker import make_script
from kinescribe_server.script.model import SCRIPT, Slide
from kinescribe_server.script.offline import MAX_SCENES, OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest

from .conftest import Write

WORDS = st.lists(st.sampled_from("river stone cloud paper engine green slowly turns carries over under".split()),
                 min_size=2, max_size=12).map(" ".join)  # fmt: skip
SENTENCES = WORDS.map(lambda words: words.capitalize() + ".")
INLINE = st.sampled_from(["{}", "**{}**", "*{}*", "`{}`", "[{}](http://x.y/z)", "~~{}~~", "_{}_", "***{}***"])
PHRASES = st.tuples(INLINE, WORDS).map(lambda pair: pair[0].format(pair[1]))
BLOCKS = st.one_of(
    SENTENCES,
    PHRASES,
    st.tuples(st.sampled_from(["#", "##", "###"]), PHRASES).map(" ".join),
    st.lists(PHRASES, min_size=1, max_size=5).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(PHRASES, min_size=1, max_size=5).map(lambda items: "\n".join(f"1. {item}" for item in items)),
    SENTENCES.map(lambda text: f"> {text}"),
    st.tuples(WORDS, WORDS).map(lambda cells: f"| {cells[0]} | b |\n|---|---|\n| {cells[1]} | 2 |"),
    WORDS.map(lambda words: f"<p align=center>{words}</p>"),
    WORDS.map(lambda words: f"```\n{words}\n```"),
    st.just("---"),
)
DOCUMENTS = st.lists(BLOCKS, min_size=1, max_size=8).map("\n\n".join)


@given(DOCUMENTS)
@settings(max_examples=150, deadline=None)
def test_no_sign_of_markdown_is_spoken(text: str) -> None:
    try:
        script = OfflineWriter().write(ScriptRequest(text, "en")).script
    except MakeError as error:
        assert error.reason == "NOTHING_TO_SAY"
        return
    for scene in script.scenes:
        assert not re.search(r"[*_#`|<>\[\]~]|://|---", scene.narration), scene.narration


@given(st.one_of(DOCUMENTS, st.text(max_size=300)))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_the_same_bytes_again_or_a_clear_refusal(text: str) -> None:
    def attempt() -> bytes:
        try:
            return SCRIPT.dump_json(OfflineWriter().write(ScriptRequest(text)).script)
        except MakeError as error:
            return f"{error.reason}: {error.message}".encode()

    assert attempt() == attempt()


def test_identifiers_are_made_from_content_and_unique(write: Write) -> None:
    before = write("# T\n\nx y.\n\n## A\n\nAlpha beta gamma delta.\n\n## B\n\nFirst version of this.\n").scenes
    after = write("# T\n\nx y.\n\n## A\n\nAlpha beta gamma delta.\n\n## B\n\nSecond version of this.\n").scenes
    assert [scene.id for scene in before[:2]] == [scene.id for scene in after[:2]]
    assert before[2].id != after[2].id
    repeated = write("# T\n\nx y.\n\n" + "## A\n\nAlpha beta gamma delta.\n\n" * 3).scenes
    assert len({scene.id for scene in repeated}) == len(repeated)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", scene.id) for scene in repeated)


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00\x01", "\ud800", "***", "---\n---", "<!-- hidden -->", "🎉"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(MakeError) as caught:
        OfflineWriter().write(ScriptRequest(text))
    assert caught.value.reason == "NOTHING_TO_SAY" and not caught.value.retryable


def test_a_text_of_too_many_scenes_is_refused_with_the_number(write: Write) -> None:
    with pytest.raises(MakeError, match=rf"\d+ scenes; at most {MAX_SCENES}") as caught:
        write("## Heading\n\nA few words.\n\n" * 600)
    assert caught.value.reason == "SCRIPT_TOO_LONG"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("---\ntitle: x\nbody without end", "line 1: .*never closed"),
        ("---\ntitle: [x\nb: y\n---\nText.", r"line \d"),
        ("---\nlanguage: English please\n---\nText.", "English please.*BCP 47"),
        ("---\na: " + "[" * 5000 + "\n---\nText.", "line"),
    ],
)
def test_broken_front_matter_is_refused_with_line_and_reason(text: str, where: str) -> None:
    with pytest.raises(MakeError, match=where) as caught:
        OfflineWriter().write(ScriptRequest(text))
    assert caught.value.reason == "BAD_FRONT_MATTER"


def test_front_matter_is_honoured_and_never_spoken(write: Write) -> None:
    script = write("---\ntitle: My film\nlanguage: no\nvoice: x\n---\nEn setning om noe som er viktig her.\n", "")
    assert (script.title, script.language) == ("My film", "no")
    assert not any("voice" in scene.narration for scene in script.scenes)


def test_a_thematic_break_at_the_top_is_no_front_matter(write: Write) -> None:
    assert write("---\n\nWords after a line.\n\n---\n\nMore words after another line.").title == "Words after a line"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("HTTP/2 carries many requests over one TCP connection.", "en"),
        ("Die Katze sitzt auf der Matte und schläft den ganzen Tag.", "de"),
        ("今日は天気がいいので、公園に行きましょう。", "ja"),
        ("Hello world.", ""),
    ],
)
def test_the_language_is_detected_or_left_open(write: Write, text: str, language: str) -> None:
    assert write(text, "").language == language


def test_the_language_asked_for_is_kept(write: Write) -> None:
    assert write("Das ist ein ganz normaler deutscher Satz.", "de-AT").language == "de-AT"


def test_pictures_that_cannot_be_shown_are_named() -> None:
    written = OfflineWriter().write(ScriptRequest("# T\n\nWords here.\n\n![A chart](chart.png)\n", "en"))
    assert [notice.reason for notice in written.notices] == ["PICTURES_LEFT_OUT"]


HOSTILE = {
    "dollars in items": "- $$a\n",
    "open comments": "<!--say:",
    "brackets": "[a](",
    "backticks": "`a``b",
    "spaces": "                    ",
    "control characters": "a\x00\x0b\ud800",
    "one word": "a",
    "no spaces": "今日は。",
    "html": "<a <b ",
    "quotes": "> > > ",
    "formulas": "$x_{1}$",
    "front matter": "---\na: b\n",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_longest_texts_take_seconds_whatever_they_hold(piece: str) -> None:
    text = ("x" + piece * (200_000 // len(piece)) + "x")[:200_000]
    started = time.perf_counter()
    try:
        script = OfflineWriter().write(ScriptRequest(text)).script
    except MakeError as error:
        assert error.reason in {"SCRIPT_TOO_LONG", "NOTHING_TO_SAY", "BAD_FRONT_MATTER"}
    else:
        assert len(script.scenes) <= MAX_SCENES
        assert max(len(scene.narration) for scene in script.scenes) < 5_000
        assert all(len(scene.title) <= 300 for scene in script.scenes)
    assert time.perf_counter() - started < 15


def test_the_maker_stores_the_script_and_says_what_it_is(tmp_path: Path, data: Path) -> None:
    bench = WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))
    made = make_script(ScriptRequest((data / "gradient-descent.md").read_text()), bench)
    stored = bench.artifacts.read(made.files["script"].sha256)
    script = SCRIPT.validate_json(stored)
    assert made.files["script"].media_type == "application/json"
    assert made.details == {"title": "Gradient descent, step by step", "language": "en", "segments": 7}
    assert SCRIPT.dump_json(script) == stored
    assert "formula" in json.loads(stored)["scenes"][2]["visual"]
    assert isinstance(script.scenes[0].visual, Slide)
