"""What the writer promises for any text: limits, errors, languages, identifiers, and the same bytes again."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.maker import make_script, warm
from kinescribe_server.script.model import SCRIPT, BulletList, Chart, Code, Columns, Image, LineRange, Slide
from kinescribe_server.script.offline import MAX_SCENES, OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest

from .conftest import INTRO, Write

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
    head = f"# T\n\n{INTRO}\n\n## A\n\nAt first, {INTRO}\n\n## B\n\n"
    before = write(f"{head}The first version: {INTRO}\n").scenes
    after = write(f"{head}The second version: {INTRO}\n").scenes
    assert [scene.id for scene in before[:2]] == [scene.id for scene in after[:2]]
    assert before[2].id != after[2].id
    repeated = write(
        f"# T\n\n{INTRO}\n\n" + "## A\n\nThe same words again and again, as often as it takes to fill a scene.\n\n" * 3
    ).scenes
    assert len({scene.id for scene in repeated}) == len(repeated)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", scene.id) for scene in repeated)


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00\x01", "\ud800", "***", "---\n---", "<!-- hidden -->", "🎉"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(MakeError) as caught:
        OfflineWriter().write(ScriptRequest(text))
    assert caught.value.reason == "NOTHING_TO_SAY" and not caught.value.retryable


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("---\ntitle: x\nbody without end", "line 1: .*never closed"),
        ("---\ntitle: [x\nb: y\n---\nText.", r"line \d"),
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


# Of 13 words at least: shorter sections share a scene with a neighbour.
PARAGRAPHS = st.integers(13, 120).map(lambda count: " ".join(f"word{count}" for _ in range(count)).capitalize() + ".")


@given(st.lists(PARAGRAPHS, min_size=2, max_size=5), st.integers(0, 4), PARAGRAPHS)
@settings(max_examples=40, deadline=None)
def test_changing_one_paragraph_changes_only_the_ids_of_its_scenes(
    paragraphs: list[str], index: int, other: str
) -> None:
    index %= len(paragraphs)
    edited = [*paragraphs[:index], other, *paragraphs[index + 1 :]]

    def ids(texts: list[str]) -> dict[str, set[str]]:
        text = f"# Title\n\n{INTRO}\n\n" + "".join(f"## Part {n}\n\n{text}\n\n" for n, text in enumerate(texts))
        scenes = OfflineWriter().write(ScriptRequest(text, "en")).script.scenes
        return {title: {scene.id for scene in scenes if scene.title == title} for title in {s.title for s in scenes}}

    before, after = ids(paragraphs), ids(edited)
    changed = {title for title in before | after if before.get(title) != after.get(title)}
    assert changed <= {title for title in before | after if f"Part {index}" in title}


def test_a_passage_in_another_language_says_so(write: Write) -> None:
    german = "Der Regen fällt auf die Dächer der Stadt, und die Menschen suchen schnell einen trockenen Platz. " * 2
    script = write(f"# Rain\n\n{INTRO}\n\n## A\n\n{INTRO * 5}\n\n## B\n\n{german}\n", "")
    assert (script.language, [scene.language for scene in script.scenes]) == ("en", ["", "", "", "de"])


def test_pictures_that_are_there_are_shown_with_what_they_show(write: Write) -> None:
    text = f"# T\n\n{INTRO}\n\n## S\n\n{INTRO} Now look.\n\n![A map of the river](my%20map.png)\n\n![Gone](gone.png)\n"
    written = OfflineWriter().write(ScriptRequest(text, "en", images={"my map.png": "att-1"}))
    assert written.script.scenes[-1].visual == Image("att-1", "A map of the river", "A map of the river")
    assert written.script.scenes[-1].narration == f"{INTRO} Now look."
    missing = write(f"# T\n\n{INTRO}\n\n## S\n\n![Gone](gone.png)\n\nWe saw it. {INTRO}\n").scenes[-1].visual
    assert isinstance(missing, Slide) and isinstance(missing.blocks[0], Columns)
    assert missing.blocks[0].second == (Image("", "Gone", "Gone"),)
    assert [notice.message for notice in written.notices] == ["the picture 'gone.png' was not uploaded"]


def test_a_table_becomes_the_chart_that_it_asks_for(write: Write) -> None:
    table = "| City | mm |\n|---|---|\n| Bergen | 2250 |\n| Cairo | 25 |\n\n"
    scene = write(f"# T\n\n{INTRO}\n\n## Rain\n\n<!-- chart: bar -->\n\n{table}").scenes[-1]
    assert isinstance(scene.visual, Chart)
    assert (scene.visual.title, scene.visual.labels, scene.visual.series[0].values) == (
        "Rain",
        ("Bergen", "Cairo"),
        (2250, 25),
    )
    words = OfflineWriter().write(
        ScriptRequest("# T\n\n<!-- chart: bar -->\n\n| a | b |\n|---|---|\n| c | d |\n", "en")
    )
    assert [notice.reason for notice in words.notices] == ["CHART_INVALID"]


def test_lists_that_go_on_keep_their_numbers(write: Write) -> None:
    items = "\n".join(f"{n}. Step number {n} of the long recipe takes a good while to do" for n in range(1, 13))
    blocks = [scene.visual.blocks[-1] for scene in write(f"# T\n\n{INTRO}\n\n## S\n\n{items}\n").scenes[1:]
              if isinstance(scene.visual, Slide)]  # fmt: skip
    lists = [block for block in blocks if isinstance(block, BulletList)]
    assert len(lists) > 1 and all(block.ordered for block in lists)
    assert lists[0].start == 0 and lists[1].start == len(lists[0].items) + 1


def test_code_is_focused_on_what_is_said_of_it_in_that_order(write: Write) -> None:
    source = "def f(a):\n    while a:\n        a -= 1\n    return a\n"
    visual = write(f"# T\n\n{INTRO}\n\n## S\n\n```python\n{source}```\n").scenes[-1].visual
    assert isinstance(visual, Code)
    assert visual.focus == (LineRange(1, 1), LineRange(2, 3), LineRange(4, 4))


def test_parts_of_several_scenes_open_with_a_card(write: Write) -> None:
    part = f"{INTRO}\n\n```python\nx = 1\n```\n\n" + f"{INTRO} " * 9 + "\n\n"
    scenes = write(f"# T\n\n{INTRO}\n\n## One\n\n{part}## Two\n\n{part}").scenes
    assert all(len(scene.narration.split()) >= 13 for scene in scenes)


def test_a_last_quotation_closes_the_film(write: Write) -> None:
    code = "```python\nx = 1\n```\n\nThis is what it comes to, and there is nothing more to be said of it at all.\n\n"
    scene = write(f"# T\n\n{INTRO}\n\n## S\n\n{code}> All is well that ends well.\n> — Helena\n").scenes[-1]
    assert isinstance(scene.visual, Slide) and scene.visual.layout == "closing"
    assert (scene.visual.title, scene.visual.subtitle) == ("All is well that ends well.", "Helena")


def test_pictures_that_cannot_be_shown_are_named() -> None:
    written = OfflineWriter().write(ScriptRequest("# T\n\nWords here.\n\n![A chart](chart.png)\n", "en"))
    assert [notice.reason for notice in written.notices] == ["PICTURE_MISSING"]


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
        assert error.reason in {"NOTHING_TO_SAY", "BAD_FRONT_MATTER"}
    else:
        assert len(script.scenes) <= MAX_SCENES
        assert max(len(scene.narration) for scene in script.scenes) < 5_000
        assert all(len(scene.title) <= 300 for scene in script.scenes)
    assert time.perf_counter() - started < 15


def test_a_long_document_is_written_and_read_in_a_fraction_of_a_second(data: Path) -> None:
    text = "".join(f"\n\n# Part {part}\n\n" + (data / "gradient-descent.md").read_text("utf-8") for part in range(40))
    warm()
    started = time.process_time()
    script = OfflineWriter().write(ScriptRequest(text[:200_000])).script
    assert SCRIPT.validate_json(SCRIPT.dump_json(script)) == script
    assert len(script.scenes) > MAX_SCENES // 2
    # It takes a third of a second on a quiet core.
    assert time.process_time() - started < 1.5


def test_a_worker_that_is_warm_loads_nothing_for_its_first_text() -> None:
    program = (
        "import sys; from kinescribe_server.script import maker; from kinescribe_server.script.offline import *\n"
        "maker.warm(); before = set(sys.modules)\n"
        "OfflineWriter().write(ScriptRequest('# A\\n\\nOne $y$.\\n\\n```mermaid\\ngraph LR\\nA-->B\\n```\\n'))\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_maker_stores_the_script_and_says_what_it_is(tmp_path: Path, data: Path) -> None:
    bench = WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))
    made = make_script(ScriptRequest((data / "gradient-descent.md").read_text()), bench)
    stored = bench.artifacts.read(made.files["script"].sha256)
    script = SCRIPT.validate_json(stored)
    assert made.files["script"].media_type == "application/json"
    assert made.details == {"title": "Gradient descent, step by step", "language": "en", "segments": 6}
    assert SCRIPT.dump_json(script) == stored
    assert "formula" in json.loads(stored)["scenes"][2]["visual"]
    assert isinstance(script.scenes[0].visual, Slide)


def test_passages_in_another_writing_are_scenes_of_their_own_in_their_language(write: Write) -> None:
    text = f"# Rain\n\n{INTRO}\n\n## 日本語\n\n雨は雲から落ちる水です。\n\n## مطر\n\nالمطر ماء ينزل من السحاب."
    scenes = {scene.title: scene.language for scene in write(text).scenes}
    assert scenes == {"Rain": "", "日本語": "ja", "مطر": "ar"}
