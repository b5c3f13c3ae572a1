import contextlib
import itertools
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import MakerFunction
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Diagram
from kinescribe_server.visuals.contrast import contrast
from kinescribe_server.visuals.mermaid import make_diagram_with_mermaid_render, make_diagram_with_mmdr
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import AA, SIZES, boxes, cues, layout_faults, picture

EXAMPLES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "mermaid" / "examples.json").read_text(encoding="utf-8")
)["examples"]
CHAIN = """flowchart LR
  A[User question] --> B[Embed query] --> C[(Vector store)]
  C -->|top k| D[Rerank] --> P[Build prompt] --> L{{LLM}} --> E{Good?}
  E -- yes --> F[Answer]
  E -- no --> G[Human review]
"""
DIAGRAMS = {
    "flowchart": CHAIN,
    "sequence": "sequenceDiagram\n  autonumber\n  Shop->>Bank: Authorize\n  Bank-->>Shop: Yes",
    "class": "classDiagram\n Engine <|-- Local\n Engine : +submit(steps)",
    "state": "stateDiagram-v2\n [*] --> Pending\n Pending --> Running\n Running --> [*]",
    "entities": "erDiagram\n JOB ||--o{ SEGMENT : has",
    "pie": 'pie title Time\n "Search" : 40\n "Answer" : 60',
    "git": "gitGraph\n commit\n branch develop\n commit\n checkout main\n merge develop",
    "front matter": "---\ntitle: Titled\n---\nflowchart TD\n A --> B",
}
BOTH = pytest.mark.parametrize("make", [make_diagram_with_mermaid_render, make_diagram_with_mmdr])


def drawn_box(made_boxes: list[Any]) -> tuple[float, float]:
    """How wide and how high the labels of a diagram reach together."""
    lefts, tops = [box["x"] for box in made_boxes], [box["y"] for box in made_boxes]
    rights = [box["x"] + box["width"] for box in made_boxes]
    bottoms = [box["y"] + box["height"] for box in made_boxes]
    return max(rights) - min(lefts), max(bottoms) - min(tops)


@BOTH
@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_fills_its_page_and_is_the_same_every_time(
    name: str, make: MakerFunction, bench: WorkerBench
) -> None:
    request = VisualRequest(Diagram(DIAGRAMS[name], "A title"), "dark")

    made = make(request, bench)

    assert layout_faults(made, bench, floor=6) == []
    painted = np.flatnonzero(
        (picture(made, bench)[..., :3] != picture(made, bench)[1000, 20, :3]).any(axis=-1).any(axis=1)
    )
    assert painted[-1] > 1080 / 2
    assert made == make(request, bench)


@BOTH
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_diagram_fits_pages_of_every_shape(size: tuple[int, int], make: MakerFunction, bench: WorkerBench) -> None:
    made = make(VisualRequest(Diagram(CHAIN, "Retrieval"), "light", *size), bench)

    assert layout_faults(made, bench, floor=6) == []
    assert picture(made, bench).shape == (size[1], size[0], 4)


def test_a_wide_diagram_is_turned_for_an_upright_page(bench: WorkerBench) -> None:
    def drawn(width: int, height: int) -> list[Any]:
        made = make_diagram_with_mermaid_render(VisualRequest(Diagram(CHAIN), "light", width, height), bench)
        last = len(cues(made)) - 1
        return [box for box in boxes(made, bench) if box["state"] == last]

    wide, tall = drawn(1920, 1080), drawn(1080, 1920)

    assert drawn_box(wide)[0] > 2 * drawn_box(wide)[1]
    assert drawn_box(tall)[1] > 2 * drawn_box(tall)[0]
    assert min(box["font_size"] for box in (*wide, *tall)) > 20


LONG_CHAIN = "flowchart TD\n" + "".join(
    f" n{n}[Step number {n}] --> n{n + 1}[Step number {n + 1}]\n" for n in range(11)
)
MESSAGES = "sequenceDiagram\n" + "".join(
    f" {one}->>{other}: the {one} tells the {other} what it knows\n"
    for one, other in itertools.pairwise(("Customer", "Shop", "Bank", "Warehouse"))
)
PLAN = "gantt\n dateFormat YYYY-MM-DD\n section Work\n" + "".join(
    f" Part {n} :p{n}, 2025-0{n}-01, 30d\n" for n in range(1, 7)
)


@pytest.mark.parametrize("source", [LONG_CHAIN, MESSAGES, PLAN], ids=["flowchart", "sequence", "gantt"])
@pytest.mark.parametrize("size", [(1080, 1920), (1080, 1080)], ids=["upright", "square"])
def test_what_is_large_is_set_closer_until_it_can_be_read(
    source: str, size: tuple[int, int], bench: WorkerBench
) -> None:
    made = make_diagram_with_mermaid_render(VisualRequest(Diagram(source), "light", *size), bench)

    assert [notice.reason for notice in made.notices] == []
    assert min(box["font_size"] for box in boxes(made, bench)) >= 16


def test_the_official_examples_are_drawn_whole_and_legible(bench: WorkerBench) -> None:
    refused, faults = [], []
    for example in EXAMPLES:
        name = f"{example['type']}: {example['title']}"
        try:
            made = make_diagram_with_mermaid_render(
                VisualRequest(Diagram(example["source"]), "light", 1280, 720), bench
            )
        except MakeError as error:
            refused.append(f"{name}: {error.message}")
            continue
        for box in boxes(made, bench):
            right, bottom = box["x"] + box["width"], box["y"] + box["height"]
            if min(box["x"], box["y"]) < -0.5 or right > 1280.5 or bottom > 720.5:
                faults.append(f"{name}: {box['text']!r} is outside the page")
            if contrast(box["color"], box["background"]) < AA:
                faults.append(f"{name}: {box['text']!r} is faint")

    assert len(EXAMPLES) == 76
    assert len(refused) <= 0.02 * len(EXAMPLES), refused
    assert faults == []


def test_the_other_renderer_draws_nearly_all_of_them_too(bench: WorkerBench) -> None:
    drawn = 0
    for example in EXAMPLES[::3]:
        with contextlib.suppress(MakeError):
            make_diagram_with_mmdr(VisualRequest(Diagram(example["source"])), bench)
            drawn += 1

    assert drawn >= 0.9 * len(EXAMPLES[::3])


def test_boxes_of_a_flowchart_appear_one_by_one_and_stay_where_they_are(bench: WorkerBench) -> None:
    made = make_diagram_with_mermaid_render(VisualRequest(Diagram(CHAIN)), bench)

    assert cues(made)[:3] == ["User question", "Embed query", "Vector store"]
    assert len(cues(made)) == 9
    by_state = [{b["text"]: (b["x"], b["y"]) for b in boxes(made, bench) if b["state"] == s} for s in range(9)]
    for earlier, later in itertools.pairwise(by_state):
        assert earlier.items() < later.items()
    # An edge's label comes with the box that the edge leads to.
    assert "top k" not in by_state[2]
    assert "top k" in by_state[3]


def test_only_the_box_that_changes_changes(bench: WorkerBench) -> None:
    made = make_diagram_with_mermaid_render(VisualRequest(Diagram(CHAIN)), bench)

    for number in range(1, len(cues(made))):
        x, y, width, height = made.details["states"][number]["changed"]
        different = (picture(made, bench, number) != picture(made, bench, number - 1)).any(axis=-1)
        assert different.any()
        different[y : y + height, x : x + width] = False
        assert not different.any()


def test_messages_of_a_sequence_appear_from_top_to_bottom(bench: WorkerBench) -> None:
    source = "sequenceDiagram\n A->>B: First\n loop often\n B->>A: Second\n end\n Note over A: Third\n A->>A: Fourth"

    made = make_diagram_with_mermaid_render(VisualRequest(Diagram(source)), bench)

    assert cues(made) == ["First", "Second", "Third", "Fourth"]
    first = {box["text"] for box in boxes(made, bench) if box["state"] == 0}
    assert {"A", "B", "First"} <= first
    assert "[often]" not in first


def test_a_large_diagram_has_few_states_and_a_chart_has_one(bench: WorkerBench) -> None:
    large = "flowchart LR\n" + "\n".join(f"n{n}[Box {n}] --> n{n + 1}[Box {n + 1}]" for n in range(30))
    one = make_diagram_with_mermaid_render(VisualRequest(Diagram(DIAGRAMS["pie"])), bench)

    assert len(cues(make_diagram_with_mermaid_render(VisualRequest(Diagram(large)), bench))) == 12
    assert cues(one) == [""]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read_on_what_they_stand_on(theme: str, bench: WorkerBench) -> None:
    source = (
        "flowchart LR\n A[white on white]:::x --> B[black on black]:::y\n"
        " classDef x fill:#fff,color:#eee\n classDef y fill:#000,color:#222"
    )

    for diagram in (source, DIAGRAMS["pie"], DIAGRAMS["git"]):
        made = make_diagram_with_mermaid_render(VisualRequest(Diagram(diagram), theme), bench)
        assert layout_faults(made, bench, floor=6) == []


def test_the_labels_are_drawn_and_recorded(bench: WorkerBench) -> None:
    with_label = make_diagram_with_mermaid_render(VisualRequest(Diagram("flowchart LR\n A[Some words] --> B")), bench)
    without = make_diagram_with_mermaid_render(VisualRequest(Diagram("flowchart LR\n A[&nbsp;] --> B")), bench)

    assert "Some words" in {box["text"] for box in boxes(with_label, bench)}
    assert (picture(with_label, bench) != picture(without, bench)).any()


@pytest.mark.parametrize("script", ["日本語", "العربية", "हिन्दी", "🚀"])
def test_labels_of_all_scripts_have_glyphs(script: str, bench: WorkerBench) -> None:
    made = make_diagram_with_mermaid_render(VisualRequest(Diagram(f'flowchart LR\n A["{script}"] --> B')), bench)
    empty = make_diagram_with_mermaid_render(VisualRequest(Diagram(f'flowchart LR\n A["{"x" * 3}"] --> B')), bench)

    assert (np.abs(picture(made, bench)[..., :3].astype(int) - 255) > 200).any()
    assert made.files["state-00"] != empty.files["state-00"]


@BOTH
@pytest.mark.parametrize("script", ["日本語です", "中文字体", "한국어입니다"])
def test_labels_of_east_asian_scripts_are_no_hairlines(script: str, make: MakerFunction, bench: WorkerBench) -> None:
    made = make(VisualRequest(Diagram(f'flowchart LR\n A["{script}"] --> B')), bench)

    (label,) = (box for box in boxes(made, bench) if box["text"] == script and box["state"] == 0)
    left, top, width, height = (round(label[side]) for side in ("x", "y", "width", "height"))
    inner = picture(made, bench, 0)[top : top + height, left : left + width, 0].astype(float)
    ink = (inner.max() - inner).mean() / (inner.max() - 0x0F)
    assert ink > 0.14


def test_han_glyphs_of_a_diagram_follow_the_language(bench: WorkerBench) -> None:
    diagram = Diagram("flowchart LR\n A[直骨角]")

    japanese = make_diagram_with_mermaid_render(VisualRequest(diagram, language="ja"), bench)
    chinese = make_diagram_with_mermaid_render(VisualRequest(diagram, language="zh-Hans"), bench)

    assert japanese.files["state-00"] != chinese.files["state-00"]


@pytest.mark.parametrize(
    ("source", "where"),
    [("flowchart LR\n A --> B[", "line 3, column 1: "), ("sequenceDiagram\n A->>B hi", "line 2, column 10: ")],
)
def test_a_mistake_is_named_with_its_line_and_column(source: str, where: str, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_diagram_with_mermaid_render(VisualRequest(Diagram(source)), bench)

    assert (refusal.value.reason, refusal.value.retryable) == ("DIAGRAM_INVALID", False)
    assert refusal.value.message.startswith(where)


@BOTH
@pytest.mark.parametrize("source", ["", " \n", "hello", "flowchart LR\n A --> B[", "\x00", "\ud83d"])
def test_what_is_no_diagram_is_refused(source: str, make: MakerFunction, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make(VisualRequest(Diagram(source)), bench)

    assert refusal.value.reason == "DIAGRAM_INVALID"


@BOTH
@pytest.mark.parametrize(
    "source",
    [
        "flowchart TD\n" + "\n".join(f"n{n}" for n in range(2_000)),
        "flowchart TD\n" + "\n".join(f"n{n}-->n{n * 7 % 400}" for n in range(490)),
        "flowchart TD\n" + "\n".join(f"n{n % 60}-->m{n // 60}" for n in range(3_600)),
        'flowchart TD\n a["' + "word " * 3_500 + '"]',
    ],
    ids=["nodes", "edges", "dense", "label"],
)
def test_a_monstrous_diagram_is_refused_in_time_and_told_what_is_allowed(
    source: str, make: MakerFunction, bench: WorkerBench
) -> None:
    started = time.monotonic()

    with pytest.raises(MakeError) as refusal:
        make(VisualRequest(Diagram(source)), bench)

    assert refusal.value.reason == "DIAGRAM_TOO_LARGE"
    assert re.search(r"can have|are needed|split it", refusal.value.message)
    assert time.monotonic() - started < 10
