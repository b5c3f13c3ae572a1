"""Decks of slides are filmed slide by slide."""

from kinescribe_server.script.model import Code, Columns, Image, Quote, Slide, Table
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest

from .conftest import Write

MARP = """---
marp: true
theme: gaia
---
<!-- _class: lead -->
# Rain

Where it comes from

<!-- Welcome. Today we look at rain. -->

---

## The cycle

- Sun warms the sea
- Water rises

![bg right:40%](cloud.png)

<!--
The sun does the work.
It lifts the water.
-->

---

<!-- paginate: false -->
## In numbers

| Place | mm |
|---|---|
| Bergen | 2250 |
| Cairo | 25 |

---

> Into each life some rain must fall.
> — Longfellow

---

# Thank you
"""


def test_each_slide_of_a_marp_deck_is_a_scene(write: Write) -> None:
    script = write(MARP)
    assert script.title == "Rain"
    assert [scene.title for scene in script.scenes] == ["Rain", "The cycle", "In numbers", "", "Thank you"]
    layouts = [scene.visual.layout for scene in script.scenes if isinstance(scene.visual, Slide)]
    assert (layouts[0], layouts[-1]) == ("title", "closing")


def test_comments_are_notes_and_directives_are_not(write: Write) -> None:
    says = [scene.narration for scene in write(MARP).scenes]
    assert says[0] == "Welcome. Today we look at rain."
    assert says[1] == "The sun does the work. It lifts the water."
    assert says[2] == "In numbers. It is 2250 mm for Bergen and 25 mm for Cairo."
    assert not any(word in " ".join(says) for word in ("lead", "paginate", "gaia", "bg"))


def test_what_is_on_a_slide_stays_on_one_page(write: Write) -> None:
    scenes = OfflineWriter().write(ScriptRequest(MARP, "en", images={"cloud.png": "att-1"})).script.scenes
    visuals = [scene.visual for scene in scenes]
    assert isinstance(visuals[1], Slide) and isinstance(visuals[1].blocks[0], Columns)
    assert visuals[1].blocks[0].second == (Image("att-1", "cloud"),)
    assert isinstance(visuals[2], Slide) and isinstance(visuals[2].blocks[0], Table)
    assert isinstance(visuals[3], Slide) and isinstance(visuals[3].blocks[0], Quote)


def test_pieces_with_one_heading_each_are_slides_without_marp_too(write: Write) -> None:
    text = "# One\n\nA b c.\n\n---\n\n# Two\n\n- d e\n\n---\n\n# Three\n\n```python\nx = 1\n```\n"
    scenes = write(text).scenes
    assert [scene.title for scene in scenes] == ["One", "Two", "Three"]
    assert isinstance(scenes[2].visual, Code)


def test_rules_in_a_text_make_no_slides(write: Write) -> None:
    words = "This sentence is one of many in a long document about nothing at all. " * 12
    text = f"# One\n\n{words}\n\n---\n\n## Two\n\n{words}\n\n---\n\n## Three\n\n{words}\n"
    assert len(write(text).scenes) > 6


def test_headings_divide_slides_where_marp_says_so(write: Write) -> None:
    text = "---\nmarp: true\nheadingDivider: 2\n---\n# A\n\nOne two.\n\n## B\n\nThree four.\n\n### C\n\nFive six.\n"
    assert [scene.title for scene in write(text).scenes] == ["A", "B"]


def test_a_long_talk_over_one_slide_is_split_within_the_limits(write: Write) -> None:
    note = "This is one of very many sentences that are said over a single slide. " * 120
    scenes = write(f"---\nmarp: true\n---\n# A\n\n<!-- {note} -->\n\n---\n\n# B\n").scenes
    assert all(len(scene.narration) <= 5_000 for scene in scenes)
    assert " ".join(scene.narration for scene in scenes[:-1]).count("single slide") == 120
