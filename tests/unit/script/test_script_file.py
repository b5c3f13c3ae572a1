"""Scripts as files: what is printed is read back, what is wrong is named with its line, and edits are kept."""

from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from kinescribe.script_file import read_script, update_script, write_script
from kinescribe.v1 import script_pb2
from kinescribe.yaml_reader import ScriptFileError
from kinescribe_server.rpc.convert import script_to_message

from .conftest import INTRO, Write

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=120)
SLIDES = st.builds(
    lambda title, items, cells: {
        "title": title,
        "layout": "SLIDE_LAYOUT_SECTION",
        "blocks": [
            {"bullets": {"items": [{"text": text, "level": 1} for text in items], "ordered": True, "start": 4}},
            {"table": {"header": cells, "rows": [{"cells": cells}], "alignments": ["COLUMN_ALIGNMENT_RIGHT"]}},
            {"columns": {"first": [{"paragraph": {"text": title}}], "second": [{"image": {"attachment": "a"}}]}},
        ],
    },
    TEXT,
    st.lists(TEXT, max_size=3),
    st.lists(TEXT, max_size=3),
)
NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4)
VISUALS = st.one_of(
    SLIDES.map(lambda slide: {"slide": slide}),
    TEXT.map(lambda text: {"code": {"source": text, "focus": [{"first": 1, "last": 2}]}}),
    TEXT.map(lambda text: {"diagram": {"source": text}}),
    st.just({"slide": {}}),
    NUMBERS.map(lambda values: {"chart": {"kind": "CHART_KIND_PIE", "series": [{"values": values}]}}),
)
PAUSES = st.integers(0, 60_000).map(lambda milliseconds: f"{milliseconds / 1000:.3f}s")
SCENES = st.fixed_dictionaries({"title": TEXT, "narration": TEXT, "visual": VISUALS, "pause_after": PAUSES})
SCRIPTS = st.fixed_dictionaries({"title": TEXT, "language": st.just("en"), "scenes": st.lists(SCENES, max_size=3)}).map(
    lambda content: json_format.ParseDict(content, script_pb2.Script())
)


@given(SCRIPTS)
@settings(max_examples=150, deadline=None)
def test_a_script_printed_and_read_back_is_the_same_script(script: script_pb2.Script) -> None:
    assert read_script(write_script(script)).script == script
    assert read_script(write_script(script, as_json=True)).script == script


def test_what_is_printed_is_made_to_be_edited(write: Write) -> None:
    text = f"# T\n\n{INTRO}\n\n## S\n\n{INTRO} {INTRO}\n\n```python\nx = 1\ny = 2\n```\n"
    printed = write_script(script_to_message(write(text)))
    assert f"  narration: >-\n    {INTRO}" in printed
    assert "      source: |-\n        x = 1\n        y = 2\n" in printed
    assert max(map(len, printed.splitlines())) < 120


def test_names_and_values_may_be_written_as_people_write_them() -> None:
    text = (
        "title: 2024-01-01\nlanguage: no\nscenes:\n- narration: 'Yes'\n  pauseAfter: 1.5\n  voice:\n"
        "  visual: {chart: {kind: bar, series: [{values: [1, 2.5]}]}}\n"
    )
    script = read_script(text).script
    assert (script.title, script.language, script.scenes[0].pause_after.ToSeconds()) == ("2024-01-01", "no", 1)
    assert script.scenes[0].visual.chart.kind == script_pb2.CHART_KIND_BAR


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "scenes:\n- narration: x\n  visuall: {}\n",
            'line 3: scenes[0]: "visuall" is not known here; allowed: id, title',
        ),
        ("scenes:\n- narration: [a]\n", "line 2: scenes[0].narration: expected a text, found a list"),
        ("scenes:\n- pause_after: soon\n", 'line 2: scenes[0].pause_after: "soon" is not a number of seconds'),
        ("scenes: 3\n", 'line 1: scenes: expected a list, found "3"'),
        ("- a\n", "line 1: expected fields with values, found a list"),
        ("title: a\ntitle: b\n", "line 2: title: is given twice"),
        ("scenes:\n- visual: {slide: {}, code: {}}\n", "line 2: scenes[0].visual.code: slide is given too"),
        ("scenes:\n- visual: {slide: {layout: big}}\n", "SLIDE_LAYOUT_TITLE"),
        ("scenes: &a\n- visual: {slide: {blocks: *a}}\n", "line"),
        ("a: [", "line 2: not YAML"),
        ('{"title": }', "line 1: not JSON"),
        ('{"scenes": [\n\t{"narration": 1, "visual": {"code": {"focus": [{"first": 1.5}]}}}]}', "not a whole number"),
        ("title: \x07", "U+0007 is not allowed"),
        ("", "the file is empty"),
        ("[" * 50_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_field(text: str, problem: str) -> None:
    with pytest.raises(ScriptFileError) as caught:
        read_script(text)
    assert problem in str(caught.value)


@given(st.text(alphabet="scenes:- {}[]&*a\n\t\"'1\\u", max_size=60))
def test_any_file_is_read_or_refused(text: str) -> None:
    try:
        read_script(text)
    except ScriptFileError as error:
        assert error.problems and all(problem.line >= 1 for problem in error.problems)


def test_a_number_of_any_length_is_read_or_refused() -> None:
    digits = "1" * 5_000
    assert read_script(f'{{"title": {digits}}}').script.title == digits


def test_a_field_is_found_by_its_line() -> None:
    file = read_script("title: a\nscenes:\n- title: b\n- title: c\n  narration: d\n")
    assert [file.line_of(field) for field in ("scenes[1].narration", "scenes[1].visual.slide", "x")] == [5, 4, 1]


def test_edits_are_kept_where_the_text_has_not_changed(write: Write) -> None:
    def made(second: str) -> Any:
        text = f"# T\n\n{INTRO}\n\n## A\n\nAt first: {INTRO}\n\n## B\n\n{second}: {INTRO}\n"
        return script_to_message(write(text))

    edited = made("And then")
    edited.title = "My title"
    edited.scenes[1].narration = "My own words."
    edited.scenes[2].narration = "Words whose text will be gone."
    edited.scenes.insert(2, script_pb2.Scene(title="Mine", narration="A scene of my own."))
    updated = update_script(edited, made("At last"))
    assert [scene.title for scene in updated.script.scenes] == ["T", "A", "Mine", "B"]
    assert updated.script.scenes[1].narration == "My own words."
    assert updated.script.scenes[3].narration.startswith("At last")
    assert (updated.script.title, updated.kept, updated.gone) == ("My title", 2, ("B",))
    assert update_script(edited, made("And then")).script == edited


def test_a_scene_that_was_copied_with_its_id_is_not_lost(write: Write) -> None:
    fresh = script_to_message(write(f"# T\n\n{INTRO}\n"))
    edited = script_pb2.Script()
    edited.CopyFrom(fresh)
    edited.scenes.add().CopyFrom(fresh.scenes[0])
    edited.scenes[1].narration = "A copy with words of my own."
    updated = update_script(edited, fresh)
    assert list(updated.script.scenes) == list(edited.scenes)
    assert (updated.kept, updated.gone) == (1, ())
