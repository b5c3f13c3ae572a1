import numpy as np
import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Block, Bullet, BulletList, Paragraph, Quote, Slide, Table, TableRow
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.slide import make_slide

from .inspection import SIZES, boxes, cues, layout, layout_faults, picture

WORDS = "the index keeps a small promise: what you look for is near what you said, and evaluation shows how often"


def bullets(*texts: str | Bullet, ordered: bool = False) -> BulletList:
    return BulletList(tuple(text if isinstance(text, Bullet) else Bullet(text) for text in texts), ordered)


def table(header: str, *rows: str) -> Table:
    return Table(tuple(header.split("|")), tuple(TableRow(tuple(row.split("|"))) for row in rows))


def sentence(words: int, start: int = 0) -> str:
    vocabulary = WORDS.split()
    return " ".join(vocabulary[(start + index * 7) % len(vocabulary)] for index in range(words))


COSTS = table("Model|Input|Latency", "Small|$0.10|180 ms", "Medium|$0.80|420 ms", "Large|$3.00|1.1 s")
SLIDES: dict[str, Slide] = {
    "title card": Slide("How a vector index finds what you mean", "Approximate nearest neighbours in five minutes"),
    "title only": Slide("Questions?"),
    "three bullets": Slide(
        "Why retrieval beats memory", "", (bullets("Models forget", sentence(18), "Small is enough"),)
    ),
    "numbers": Slide("Three steps", "From commit to production", (bullets("Build", "Test", "Roll out", ordered=True),)),
    "nested": Slide("Stores", "", (bullets("Events", Bullet("One stream", 1), Bullet("Chained", 2), "Artifacts"),)),
    "table": Slide("Cost per million tokens", "", (COSTS,)),
    "quote": Slide("", "", (Quote("Simplicity is prerequisite for reliability.", "Edsger W. Dijkstra"),)),
    "paragraph": Slide("In one sentence", "", (Paragraph(sentence(20)),)),
    "everything": Slide(
        "Mixed", "All kinds", (Paragraph(sentence(9)), bullets("One", "Two"), COSTS, Quote("So.", "Me"))
    ),
    "too much": Slide(
        "Far too much",
        "",
        (Paragraph(sentence(60)), bullets(*(sentence(5 + n, n) for n in range(20))), Quote(sentence(40))),
    ),
    "giant paragraph": Slide("Giant", "", (Paragraph(sentence(600)),)),
    "giant words": Slide(
        "W" * 90, "", (bullets("https://example.com/" + "path-" * 60), table("Key|Value", f"k|{'v' * 300}"))
    ),
    "many rows": Slide(
        "Rows", "", (table("A|B|C", *(f"{sentence(2, n)}|{n}|{sentence(n % 9, n)}" for n in range(30))),)
    ),
    "many columns": Slide("Columns", "", (table("|".join(f"Column {n}" for n in range(14)), "|".join(["x y"] * 14)),)),
    "long title": Slide(sentence(60), sentence(60), (bullets("One"),)),
    "nothing": Slide(),
    "empty blocks": Slide("", "", (Table(), BulletList(()), Paragraph("  "), Quote(""))),
    "many scripts": Slide(
        "日本語 · 中文 · العربية",
        "Многоязычный",
        (
            bullets(
                "日本語のテキスト。",
                "中文文本也可以换行。",
                "한국어",
                "العربية (RTL)",
                "हिन्दी क्षत्रिय",
                "עברית",
                "ไทย",
                "🚀 ✅",
            ),
        ),
    ),
    "right to left": Slide(
        "لماذا تنسى النماذج؟", "جولة", (bullets("الحقائق تتغير", "النماذج الأصغر (8B) تكفي", ordered=True),)
    ),
    "odd characters": Slide(
        "a\x00b\ud83dc", "\u202e\x1b[31m", (Paragraph("Z" + "\u0335" * 400 + "\u2028\ufffe"), bullets("", "]x#"))
    ),
}


@pytest.mark.parametrize("name", SLIDES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_slide_lies_on_its_page_without_overlap_in_readable_type(
    name: str, size: tuple[int, int], bench: WorkerBench
) -> None:
    theme = "dark" if len(name) % 2 else "light"

    made = make_slide(VisualRequest(SLIDES[name], theme, *size), bench)

    assert layout_faults(made, bench) == []
    for state in range(len(made.details["states"])):
        pixels = picture(made, bench, state)
        assert pixels.shape == (size[1], size[0], 4)
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


@pytest.mark.parametrize("name", ["three bullets", "table", "quote", "paragraph", "title card", "nested"])
def test_no_page_is_two_thirds_empty(name: str, bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES[name]), bench)

    pixels = picture(made, bench)[..., :3].astype(int)
    rows = np.flatnonzero((np.abs(pixels - pixels[0, 0]) > 6).any(axis=(1, 2)))
    assert rows[-1] - rows[0] > 1080 / 3


def test_a_table_is_one_state_and_numbers_stand_to_the_right(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["table"]), bench)

    right = {box["text"]: box["x"] + box["width"] for box in boxes(made, bench)}
    left = {box["text"]: box["x"] for box in boxes(made, bench)}
    assert len(cues(made)) == 1
    assert right["$0.10"] == pytest.approx(right["$3.00"], abs=0.1)
    assert left["Small"] == left["Medium"] == left["Large"]


def test_a_table_that_is_split_repeats_its_head(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["many rows"]), bench)

    heads = [box["state"] for box in boxes(made, bench) if box["text"] == "A"]
    assert heads == list(range(len(cues(made))))
    assert len(heads) > 1


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


def test_pages_beyond_the_last_are_announced(bench: WorkerBench) -> None:
    rows = tuple(sentence(40, n) for n in range(95))

    made = make_slide(VisualRequest(Slide("Rows", "", (bullets(*rows),)), "light", 640, 360), bench)

    shown = {box["text"] for box in boxes(made, bench)}
    assert set(rows) <= shown or [notice.reason for notice in made.notices] == ["SLIDE_CUT"]
    assert len(made.details["states"]) <= 40


def test_an_unknown_theme_is_refused_with_those_that_exist(bench: WorkerBench) -> None:
    with pytest.raises(MakeError, match="there are light, dark"):
        make_slide(VisualRequest(Slide("x"), "neon"), bench)


def test_the_record_has_the_size_of_the_page(bench: WorkerBench) -> None:
    record = layout(make_slide(VisualRequest(Slide("x"), "light", 640, 360), bench), bench)

    assert (record["width"], record["height"]) == (640, 360)
