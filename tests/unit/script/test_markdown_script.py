"""Markdown documents become scenes that fit what they hold."""

from pathlib import Path

import pytest

from kinescribe_server.script.model import (
    Bullet,
    BulletList,
    Code,
    Diagram,
    Formula,
    Paragraph,
    Quote,
    Scene,
    Script,
    Slide,
    Table,
)

from .conftest import INTRO, Write


@pytest.fixture(scope="module")
def descent(write: Write, data: Path) -> Script:
    return write((data / "gradient-descent.md").read_text())


def bullets(scene: Scene) -> list[Bullet]:
    assert isinstance(scene.visual, Slide)
    return [item for block in scene.visual.blocks if isinstance(block, BulletList) for item in block.items]


def test_every_block_gets_the_visual_that_fits_it(descent: Script) -> None:
    kinds = [type(scene.visual) for scene in descent.scenes]
    assert kinds == [Slide, Slide, Formula, Diagram, Code, Slide]
    last = descent.scenes[5].visual
    assert isinstance(last, Slide) and isinstance(last.blocks[0], Table) and isinstance(last.blocks[1], Quote)
    assert last.blocks[0].alignments == ("unspecified", "right")


def test_the_title_scene_says_the_introduction(descent: Script) -> None:
    first = descent.scenes[0]
    assert descent.title == first.title == "Gradient descent, step by step"
    assert first.narration.startswith("Training a model means walking downhill. Gradient descent is the rule")
    assert isinstance(first.visual, Slide) and first.visual.layout == "title" and not first.visual.blocks


def test_scenes_carry_the_headings_of_their_sections(descent: Script) -> None:
    assert [scene.title for scene in descent.scenes[1:]] == [
        "The idea",
        "The update rule",
        "The loop as a picture",
        "The loop in code",
        "How fast it converges",
    ]


def test_a_formula_is_spoken_with_the_text_that_explains_it(descent: Script) -> None:
    assert descent.scenes[2].narration == (
        "The update rule: theta sub t-plus-1 equals theta sub t, minus eta times the gradient of L with respect to "
        "theta, at theta sub t. Here eta is the learning rate. Too small and training crawls. Too large and it jumps "
        "over the valley."
    )


def test_a_flowchart_without_text_is_walked_along_its_labels(descent: Script) -> None:
    narration = descent.scenes[3].narration
    assert "Start with a guess, then compute the loss, then compute the gradient, then take a step." in narration
    assert "Small enough? If no, back to compute the loss; if yes, done." in narration


def test_code_is_described_and_not_spelled(descent: Script) -> None:
    assert descent.scenes[4].narration == (
        "The loop in code: this Python function, descend, takes theta, gradient, rate and tolerance. In a loop, it "
        "updates step and theta. It returns theta."
    )


def test_a_table_of_numbers_is_summed_up_with_its_extremes(descent: Script) -> None:
    assert "Plain gradient descent takes 1200 steps to 1% error;" in descent.scenes[5].narration
    assert "Adam takes the fewest, 140. A good learning rate" in descent.scenes[5].narration


def test_list_items_are_said_word_for_word_in_their_order(descent: Script) -> None:
    narration = descent.scenes[1].narration
    places = [narration.index(item.text) for item in bullets(descent.scenes[1])]
    assert len(places) == 3 and places == sorted(places)


def test_ordered_items_are_joined_by_ordinals_and_short_ones_by_and(write: Write) -> None:
    steps = write(f"# T\n\n{INTRO}\n\n1. Open a terminal window now\n2. Run the installer as root\n").scenes[-1]
    fruit = write(f"# T\n\n{INTRO}\n\n- apples\n- pears\n- plums\n").scenes[-1]
    assert steps.narration.endswith("First, open a terminal window now. Second, run the installer as root.")
    assert fruit.narration.endswith("apples, pears and plums.")


def test_lists_nest_three_levels_deep(write: Write) -> None:
    scene = write("# T\n\n- a b\n  - c d\n    - e f\n      - g h\n").scenes[-1]
    assert [item.level for item in bullets(scene)] == [0, 1, 2, 2]


def test_long_lists_are_cut_between_items(write: Write) -> None:
    items = [f"Item number {n} says a handful of words about something" for n in range(20)]
    scenes = write("# T\n\n" + "\n".join(f"- {item}" for item in items)).scenes
    assert len(scenes) > 2
    assert [item.text for scene in scenes for item in bullets(scene)] == items


def test_inline_signs_and_addresses_are_neither_shown_nor_said(write: Write) -> None:
    text = (
        "# T\n\nSee **the** [docs](http://x.y/z) at <https://example.org/a?b=c>, ~~old~~ `snake_case()` and $x^2$ 🎉."
    )
    scene = write(text).scenes[0]
    assert scene.narration == "See the docs at example.org, old snake case and x squared."
    assert isinstance(scene.visual, Slide)
    assert scene.visual.subtitle == "See the docs at example.org, old snake_case() and x² 🎉."


def test_html_is_not_spoken_but_its_words_may_be(write: Write) -> None:
    text = (
        '# T\n\nOne.\n\n## S\n\n<div class="x"><script>evil()</script>Plain words inside.</div>\n\nA <b>bold</b> move.'
    )
    narration = " ".join(scene.narration for scene in write(text).scenes)
    assert "Plain words inside." in narration and "A bold move." in narration
    assert not set("<>") & set(narration) and "evil" not in narration


def test_speaker_notes_win_over_the_narration_of_their_block(write: Write) -> None:
    text = (
        f"# T\n\n{INTRO}\n\n## One\n\n<!-- say: Before the list. -->\n\n- a\n- b\n\n## Two\n\n> Q q q.\n\n"
        "Note: After the quote.\n\n## Three\n\nPlain text.<!-- say: Instead of it. -->\n"
    )
    says = {scene.title: scene.narration for scene in write(text).scenes}
    assert says["One"] == "Before the list."
    assert says["Two"] == "After the quote."
    assert says["Three"] == "Instead of it."


def test_text_before_a_picture_is_said_over_it(write: Write) -> None:
    text = f"# T\n\n{INTRO}\n\n## S\n\nThe client asks the server:\n\n```mermaid\nflowchart LR\nA-->B\n```\n"
    scene = write(text).scenes[-1]
    assert isinstance(scene.visual, Diagram)
    assert scene.narration == "The client asks the server:"


def test_long_paragraphs_are_split_and_every_sentence_is_said(write: Write) -> None:
    sentences = [f"Sentence number {n} tells one more thing about the matter at hand." for n in range(30)]
    scenes = write(f"# T\n\n{INTRO}\n\n## S\n\n" + " ".join(sentences)).scenes
    assert all(len(scene.narration.split()) <= 72 for scene in scenes)
    said = " ".join(scene.narration for scene in scenes)
    assert all(sentence in said for sentence in sentences)


def test_headings_without_content_open_the_section_below_them(write: Write) -> None:
    scenes = write(f"# T\n\n{INTRO}\n\n## Part two\n\n### Details\n\nSome words that are said here at last.\n").scenes
    assert len(scenes) == 2
    assert scenes[1].narration.startswith("Part two. ")
    assert isinstance(scenes[1].visual, Slide)
    assert (scenes[1].visual.title, scenes[1].visual.subtitle) == ("Details", "Part two")


def test_quotations_are_read_with_their_source(write: Write) -> None:
    scene = write(f"# T\n\n{INTRO}\n\n> To be is to do.\n> — Immanuel Kant\n").scenes[-1]
    assert isinstance(scene.visual, Slide)
    assert scene.visual.blocks == (Quote("To be is to do.", "Immanuel Kant"),)
    assert scene.narration == "In the words of Immanuel Kant: To be is to do."


def test_long_code_and_tables_take_several_scenes_and_lose_nothing(write: Write) -> None:
    source = "\n".join(f"x{n} = {n}" for n in range(50))
    rows = "".join(f"| r{n} | {n} |\n" for n in range(30))
    scenes = write(f"# T\n\n```python\n{source}\n```\n\n| a | b |\n|---|---|\n{rows}").scenes
    code = "\n".join(scene.visual.source for scene in scenes if isinstance(scene.visual, Code))
    slides = [block for scene in scenes if isinstance(scene.visual, Slide) for block in scene.visual.blocks]
    assert code == source
    assert [row.cells[0] for block in slides if isinstance(block, Table) for row in block.rows] == [
        f"r{n}" for n in range(30)
    ]


def test_a_lead_is_shown_above_its_list(write: Write) -> None:
    scene = write(f"# T\n\n{INTRO}\n\n## S\n\nYou need three things:\n\n- a pan\n- an egg\n- heat\n").scenes[-1]
    assert isinstance(scene.visual, Slide)
    assert scene.visual.blocks[0] == Paragraph("You need three things:")
    assert scene.narration == "You need three things: a pan, an egg and heat."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("A latency <5 ms", "A latency less than 5 ms."),
        ("It costs ~$5 if x >= 10", "It costs about $5 if x at least 10."),
        ("Read x <= y, then a -> b", "Read x at most y, then a to b."),
        ("There are 2^32 of them, or x^2", "There are 2 to the 32 of them, or x squared."),
        ("It is 3 * 4 in all", "It is 3 times 4 in all."),
        ("Open Settings > Privacy > Cookies", "Open Settings Privacy Cookies."),
        ("Now *this* ~ and `a*b` are marks", "Now this and a b are marks."),
    ],
)
def test_signs_between_numbers_are_said_and_those_of_markup_are_not(write: Write, written: str, said: str) -> None:
    assert write(f"# T\n\n{written}\n").scenes[0].narration == said


def test_in_other_languages_signs_are_left_out(write: Write) -> None:
    text = "# Titel\n\nDie Antwort kommt in <5 ms, wenn die Leitung frei ist und niemand wartet.\n"
    assert "in 5 ms" in write(text).scenes[0].narration
