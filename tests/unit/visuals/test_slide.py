import io
import time

import numpy as np
import pytest
from PIL import Image as Pillow

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import (
    Block,
    Bullet,
    BulletList,
    Columns,
    Image,
    Paragraph,
    Slide,
)
from kinescribe_server.visuals.protocol import Brand, VisualRequest
from kinescribe_server.visuals.slide import make_slide
from kinescribe_server.visuals.themes import theme_named

from .inspection import (
    SIZES,
    boxes,
    changes_outside,
    cues,
    layout,
    layout_faults,
    moved_boxes,
    picture,
    two_thirds_empty,
)
from .slides import SLIDES, bullets, sentence, table


@pytest.mark.parametrize("name", SLIDES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_slide_lies_on_its_page_without_overlap_in_readable_type(
    name: str, size: tuple[int, int], bench: WorkerBench
) -> None:
    theme = "dark" if len(name) % 2 else "light"

    made = make_slide(VisualRequest(SLIDES[name], theme, *size), bench)

    assert layout_faults(made, bench) == []
    assert moved_boxes(made, bench) == []
    assert picture(made, bench).shape == (size[1], size[0], 4)
    assert (picture(made, bench)[..., 3] == 255).all()


def test_the_words_of_a_slide_are_all_on_its_pages(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["too much"]), bench)

    shown = " ".join(box["text"] for box in boxes(made, bench))
    wanted = [sentence(5 + n, n) for n in range(20)] + [sentence(60), sentence(40)]
    assert all(text in shown for text in wanted)
    assert not made.notices


def test_items_appear_one_after_the_other_and_nothing_moves(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["three bullets"]), bench)

    assert cues(made) == ["Models forget", sentence(18), "Small is enough"]
    places = [{(b["text"], b["x"], b["y"]) for b in boxes(made, bench) if b["state"] == state} for state in range(3)]
    assert places[0] < places[1] < places[2]


def test_a_title_card_is_one_picture_with_large_type(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["title card"]), bench)

    assert cues(made) == [""]
    assert max(box["font_size"] for box in boxes(made, bench)) > 100


def test_few_short_items_are_set_large(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["numbers"]), bench)

    assert {box["font_size"] for box in boxes(made, bench) if box["text"] == "Build"} == {64}


@pytest.mark.parametrize("name", ["three bullets", "table", "quote", "paragraph", "nested", "columns", "numbers"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_no_page_is_two_thirds_empty(name: str, size: tuple[int, int], bench: WorkerBench) -> None:
    headless = Slide("", "", SLIDES[name].blocks)

    assert two_thirds_empty(make_slide(VisualRequest(headless, "light", *size), bench), bench) == []


@pytest.mark.parametrize("name", ["three bullets", "nested", "table", "columns", "many rows", "everything"])
def test_a_state_changes_no_pixel_outside_the_box_that_it_names(name: str, bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES[name], "dark"), bench)

    assert made.details["states"][0]["changed"] is None
    assert changes_outside(made, bench) == []
    boxes_changed = [state["changed"] for state in made.details["states"] if state["changed"]]
    assert all(width * height < 1920 * 1080 / 3 for _, _, width, height in boxes_changed)


def test_columns_stand_side_by_side_where_there_is_width_and_else_below_each_other(bench: WorkerBench) -> None:
    def corners(size: tuple[int, int]) -> tuple[tuple[float, float], tuple[float, float]]:
        made = make_slide(VisualRequest(SLIDES["columns"], "light", *size), bench)
        place = {box["text"]: (box["x"], box["y"]) for box in boxes(made, bench)}
        return place["Up"], place["Out"]

    (up_x, up_y), (out_x, out_y) = corners((1920, 1080))
    assert out_y == up_y
    assert out_x > up_x + 700
    (up_x, up_y), (out_x, out_y) = corners((1080, 1920))
    assert out_x == up_x
    assert out_y > up_y + 200


def test_the_cards_differ_and_a_section_stands_on_the_accent(bench: WorkerBench) -> None:
    names = ("title card", "section card", "closing card")
    grounds = [boxes(make_slide(VisualRequest(SLIDES[name]), bench), bench)[0]["background"] for name in names]

    assert grounds == ["#ffffff", "#1d5fe0", "#ffffff"]


@pytest.mark.parametrize("theme", ["light", "dark", "paper", "blueprint"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_what_adorns_a_card_stays_clear_of_its_words(theme: str, size: tuple[int, int], bench: WorkerBench) -> None:
    line = [int(theme_named(theme).colors["line"][i : i + 2], 16) for i in (1, 3, 5)]
    cards = [Slide(sentence(6), sentence(words), (), kind) for words in (0, 9, 18) for kind in ("title", "closing")]

    for card in cards:
        made = make_slide(VisualRequest(card, theme, *size), bench)
        drawn = (picture(made, bench)[..., :3] == line).all(axis=-1)
        for box in boxes(made, bench):
            left, top = round(box["x"]), round(box["y"])
            assert not drawn[top : top + round(box["height"]), left : left + round(box["width"])].any()


@pytest.mark.parametrize(
    "slide",
    [
        Slide("天災は忘れた頃にやってくる。", "", (), "closing"),
        Slide("", "", (Paragraph("人工智能是计算机科学的一个分支，它让机器能够学习并作出决定。"),)),
    ],
    ids=["card", "paragraph"],
)
def test_no_line_of_a_script_without_spaces_is_left_with_a_letter_or_two(slide: Slide, bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(slide), bench)

    (box,) = boxes(made, bench)
    middle = round(box["y"] + box["height"] / 2)
    ink = (picture(made, bench)[..., :3] == (0x0F, 0x17, 0x2A)).all(axis=-1)
    first, second = (np.flatnonzero(rows.any(axis=0)) for rows in (ink[:middle], ink[middle:]))
    assert second[-1] - second[0] > 0.6 * (first[-1] - first[0])


def test_a_picture_that_is_missing_leaves_a_frame_with_its_description_and_a_notice(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["a picture that is missing"]), bench)

    assert [notice.reason for notice in made.notices] == ["ATTACHMENT_MISSING"]
    assert cues(made) == [sentence(12), "The bridge at dusk"]
    assert {"The bridge at dusk", sentence(12)} <= {box["text"] for box in boxes(made, bench)}


def test_a_picture_stands_beside_its_text(bench: WorkerBench) -> None:
    file = io.BytesIO()
    Pillow.new("RGB", (800, 600), (200, 30, 40)).save(file, "PNG")
    sha = bench.artifacts.put_bytes(file.getvalue(), "image/png").sha256
    slide = Slide("A field", "", (bullets("Red", "Wide"), Image("field", "It is red")))

    made = make_slide(VisualRequest(slide, attachments={"field": sha}), bench)

    assert cues(made) == ["Red", "Wide", "It is red"]
    red = (picture(made, bench)[..., :3] == (200, 30, 40)).all(axis=-1)
    columns = np.flatnonzero(red.any(axis=0))
    assert columns[0] > 960
    assert red.any(axis=0).sum() / red.any(axis=1).sum() == pytest.approx(800 / 600, rel=0.02)


def test_a_nested_list_is_numbered_on_every_level_from_where_it_starts(bench: WorkerBench) -> None:
    items = (Bullet("Events"), Bullet("One", 1), Bullet("Chained", 2), Bullet("Two", 1), Bullet("Artifacts"))

    made = make_slide(VisualRequest(Slide("Stores", "", (BulletList(items, ordered=True, start=3),))), bench)

    numbers = [box["text"] for box in boxes(made, bench) if box["state"] == 4 and box["text"].endswith(".")]
    assert numbers == ["3.", "a.", "i.", "b.", "4."]


def test_characters_that_no_font_has_are_named_and_drawn_as_such(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(Slide("Cuneiform", "", (bullets("𒀀 and Ᏸ", "fine"),))), bench)

    assert [notice.reason for notice in made.notices] == ["GLYPH_MISSING"]
    assert "U+13F0, U+12000" in made.notices[0].message
    assert "\ufffd and \ufffd" in {box["text"] for box in boxes(made, bench)}


def test_a_page_in_a_right_to_left_script_is_mirrored(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["right to left"]), bench)

    title = boxes(made, bench)[0]
    assert title["x"] + title["width"] == pytest.approx(1920 - 120, abs=1)


def test_the_same_slide_is_the_same_bytes(bench: WorkerBench) -> None:
    request = VisualRequest(SLIDES["everything"], "dark", 1280, 720)

    assert make_slide(request, bench) == make_slide(request, bench)


def test_han_glyphs_follow_the_language(bench: WorkerBench) -> None:
    slide = Slide("直骨角", "", ())

    japanese = make_slide(VisualRequest(slide, language="ja"), bench)
    chinese = make_slide(VisualRequest(slide, language="zh-Hans"), bench)

    assert japanese.files["state-00"] != chinese.files["state-00"]
    assert japanese.files["layout"] == chinese.files["layout"]


def test_text_is_never_markup(bench: WorkerBench) -> None:
    text = '#read("/etc/passwd") *bold* $x^2$ \\ `raw` <label> @ref // comment #import "@preview/x:1.0.0"'

    made = make_slide(VisualRequest(Slide(text, "", (bullets(text), table(text, text)))), bench)

    assert sum(box["text"] == text for box in boxes(made, bench)) >= 2


@pytest.mark.parametrize(
    "blocks",
    [(Paragraph("x" * 20_001),), (bullets(*["x"] * 501),), (table("|".join("x" * 10), *["|".join("x" * 10)] * 400),)],
    ids=["characters", "items", "cells"],
)
def test_a_slide_beyond_all_measure_is_refused(blocks: tuple[Block, ...], bench: WorkerBench) -> None:
    with pytest.raises(MakeError, match="can have 20,000 characters") as refusal:
        make_slide(VisualRequest(Slide("", "", blocks)), bench)

    assert (refusal.value.reason, refusal.value.retryable) == ("SLIDE_TOO_LARGE", False)


def test_a_slide_with_too_many_pictures_is_refused(bench: WorkerBench) -> None:
    pictures = Columns((Image("a"),) * 4, (Image("b"),) * 3)

    with pytest.raises(MakeError, match="has 7 pictures; a slide can have 6"):
        make_slide(VisualRequest(Slide("", "", (pictures,))), bench)


def test_six_of_the_largest_pictures_stay_within_the_limits_of_a_worker(bench: WorkerBench) -> None:
    file = io.BytesIO()
    Pillow.effect_noise((730, 540), 90).resize((7_300, 5_400)).save(file, "JPEG")
    sha = bench.artifacts.put_bytes(file.getvalue(), "image/jpeg").sha256
    start = time.process_time()

    made = make_slide(VisualRequest(Slide("", "", (Image("noise"),) * 6), attachments={"noise": sha}), bench)

    assert time.process_time() - start < 10
    assert len(cues(made)) == 6


def test_pages_beyond_the_last_are_announced(bench: WorkerBench) -> None:
    rows = tuple(sentence(40, n) for n in range(95))

    made = make_slide(VisualRequest(Slide("Rows", "", (bullets(*rows),)), "light", 640, 360), bench)

    shown = {box["text"] for box in boxes(made, bench)}
    assert set(rows) <= shown or [notice.reason for notice in made.notices] == ["SLIDE_CUT"]
    assert len(made.details["states"]) <= 40


def test_an_unknown_theme_is_refused_with_those_that_exist(bench: WorkerBench) -> None:
    with pytest.raises(MakeError, match="there are light, dark, high-contrast, paper, blueprint"):
        make_slide(VisualRequest(Slide("x"), "neon"), bench)


def test_the_record_has_the_size_of_the_page(bench: WorkerBench) -> None:
    record = layout(make_slide(VisualRequest(Slide("x"), "light", 640, 360), bench), bench)

    assert (record["width"], record["height"]) == (640, 360)


def test_a_brand_gives_the_page_its_colours_font_and_logo(bench: WorkerBench) -> None:
    file = io.BytesIO()
    Pillow.new("RGB", (300, 100), (0, 160, 60)).save(file, "PNG")
    logo = bench.artifacts.put_bytes(file.getvalue(), "image/png").sha256
    brand = Brand({"page": "#fff4e0", "accent": "#a0005a"}, {"heading": "Fraunces"}, logo)

    made = make_slide(VisualRequest(SLIDES["three bullets"], brand=brand), bench)

    assert layout_faults(made, bench) == []
    assert made.notices == ()
    pixels = picture(made, bench)[..., :3]
    assert pixels[5, 5].tolist() == [0xFF, 0xF4, 0xE0]
    green = np.argwhere((np.abs(pixels.astype(int) - (0, 160, 60)) < 3).all(axis=-1))
    assert green[:, 0].min() > 1080 - 80
    assert green[:, 1].min() == pytest.approx(120, abs=2)


def test_a_logo_that_is_no_picture_is_left_out_with_a_notice(bench: WorkerBench) -> None:
    logo = bench.artifacts.put_bytes(b"<svg/>", "image/svg+xml").sha256

    made = make_slide(VisualRequest(SLIDES["numbers"], brand=Brand(logo=logo)), bench)

    assert [notice.reason for notice in made.notices] == ["LOGO_INVALID"]
