"""What becomes of words where room is scarce: on cards with an ornament, in lines without spaces, in narrow columns."""

import numpy as np
import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.script.model import Paragraph, Slide, Table
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.slide import make_slide
from kinescribe_server.visuals.themes import theme_named

from .inspection import SIZES, boxes, picture
from .test_slide import sentence, table


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


OPTIONS = table(
    "Option|Type|Default|Description",
    "concurrency|int|10|Requests in flight at the same time",
    "policy.base_delay|float|0.25|Seconds before the second attempt",
    "policy.retry_statuses|frozenset[int]|{429, 500, 502, 503, 504}|Status codes that are tried again",
)
COSTS_IN_GERMAN = table(
    "Heizungsart|Anschaffung|Betriebskosten pro Jahr|CO₂-Ausstoß",
    "Luft-Wasser-Wärmepumpe|28.000 €|1.150 €|1,4 t",
    "Pelletheizung|31.000 €|1.600 €|0,5 t",
)


@pytest.mark.parametrize("content", [OPTIONS, COSTS_IN_GERMAN], ids=["code", "compounds"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_word_in_a_table_is_not_broken_while_there_is_room_for_it(
    content: Table, size: tuple[int, int], bench: WorkerBench
) -> None:
    made = make_slide(VisualRequest(Slide("A table", "", (content,)), "light", *size), bench)

    words = [box for box in boxes(made, bench) if " " not in box["text"] and "-" not in box["text"]]
    assert {"policy.base_delay", "Pelletheizung"} & {box["text"] for box in words}
    assert [box["text"] for box in words if box["height"] > 2 * box["font_size"]] == []
