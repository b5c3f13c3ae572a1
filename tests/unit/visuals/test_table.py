"""Tables on slides: how they appear, and what becomes of them where room is scarce."""

import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.script.model import Slide, Table, TableRow
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.slide import make_slide

from .inspection import SIZES, boxes, cues, layout_faults
from .slides import SLIDES, table

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


def test_a_table_appears_row_by_row_and_numbers_stand_to_the_right(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["table"]), bench)

    right = {box["text"]: box["x"] + box["width"] for box in boxes(made, bench)}
    left = {box["text"]: box["x"] for box in boxes(made, bench)}
    assert cues(made) == ["Model Input Latency", "Small", "Medium", "Large"]
    assert right["$0.10"] == pytest.approx(right["$3.00"], abs=0.1)
    assert left["Small"] == left["Medium"] == left["Large"]


def test_a_table_that_is_too_wide_is_split_by_columns_and_repeats_the_first(bench: WorkerBench) -> None:
    wide = table(
        "|".join(["Region", *(f"Quarter {n}" for n in range(1, 15))]), "|".join(["North America", *["1,234.5"] * 14])
    )

    made = make_slide(VisualRequest(Slide("Wide", "", (wide,))), bench)

    last = [box["text"] for box in boxes(made, bench) if box["state"] == len(cues(made)) - 1]
    assert last.count("Region") == last.count("North America") == 2
    assert all(f"Quarter {n}" in last for n in range(1, 15))


def test_a_table_that_is_split_repeats_its_head(bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["many rows"]), bench)

    heads = [box["state"] for box in boxes(made, bench) if box["text"] == "A"]
    assert heads == list(range(len(cues(made))))
    assert len(heads) > 1


def test_a_row_on_a_page_of_its_own_fits_below_its_tables_head(bench: WorkerBench) -> None:
    header = ("a", "b", "an Donaudampfschifffahrtsgesellschaftskapitänsmütze", "c", "d")
    rows = (
        TableRow(("", "an an an", "", "ქართული", "an an an")),
        TableRow(("an an an an an index an", "", "", "", "")),
    )
    made = make_slide(VisualRequest(Slide("", "an", (Table(header, rows),)), "light", 1080, 1080), bench)
    assert layout_faults(made, bench) == []


@pytest.mark.parametrize("content", [OPTIONS, COSTS_IN_GERMAN], ids=["code", "compounds"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_word_in_a_table_is_not_broken_while_there_is_room_for_it(
    content: Table, size: tuple[int, int], bench: WorkerBench
) -> None:
    made = make_slide(VisualRequest(Slide("A table", "", (content,)), "light", *size), bench)

    words = [box for box in boxes(made, bench) if " " not in box["text"] and "-" not in box["text"]]
    assert {"policy.base_delay", "Pelletheizung"} & {box["text"] for box in words}
    assert [box["text"] for box in words if box["height"] > 2 * box["font_size"]] == []
