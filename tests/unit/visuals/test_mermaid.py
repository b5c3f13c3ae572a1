import time

import numpy as np
import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import MakerFunction
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Diagram
from kinescribe_server.visuals.drawing import safe_drawing
from kinescribe_server.visuals.mermaid import make_diagram_with_mermaid_render, make_diagram_with_mmdr
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import SIZES, boxes, layout_faults, picture

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


@BOTH
@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_fills_its_page_and_is_the_same_every_time(
    name: str, make: MakerFunction, bench: WorkerBench
) -> None:
    request = VisualRequest(Diagram(DIAGRAMS[name], "A title"), "dark")

    made = make(request, bench)

    assert layout_faults(made, bench, floor=6) == []
    drawn = boxes(made, bench)[-1]
    assert drawn["width"] > 1920 / 2 or drawn["height"] > 1080 / 3
    assert made == make(request, bench)


@BOTH
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_diagram_fits_pages_of_every_shape(size: tuple[int, int], make: MakerFunction, bench: WorkerBench) -> None:
    made = make(VisualRequest(Diagram(CHAIN, "Retrieval"), "light", *size), bench)

    assert layout_faults(made, bench, floor=6) == []
    assert picture(made, bench).shape == (size[1], size[0], 4)


def test_a_wide_diagram_is_turned_for_an_upright_page(bench: WorkerBench) -> None:
    wide = boxes(make_diagram_with_mermaid_render(VisualRequest(Diagram(CHAIN), "light", 1920, 1080), bench), bench)[0]
    tall = boxes(make_diagram_with_mermaid_render(VisualRequest(Diagram(CHAIN), "light", 1080, 1920), bench), bench)[0]

    assert wide["width"] > 2 * wide["height"]
    assert tall["height"] > 2 * tall["width"]
    assert min(wide["font_size"], tall["font_size"]) > 20


def test_the_labels_are_drawn_and_recorded(bench: WorkerBench) -> None:
    with_label = make_diagram_with_mermaid_render(VisualRequest(Diagram("flowchart LR\n A[Some words] --> B")), bench)
    without = make_diagram_with_mermaid_render(VisualRequest(Diagram("flowchart LR\n A[&nbsp;] --> B")), bench)

    assert "Some words" in boxes(with_label, bench)[0]["text"]
    assert (picture(with_label, bench) != picture(without, bench)).any()


@pytest.mark.parametrize("script", ["日本語", "العربية", "हिन्दी", "🚀"])
def test_labels_of_all_scripts_have_glyphs(script: str, bench: WorkerBench) -> None:
    made = make_diagram_with_mermaid_render(VisualRequest(Diagram(f'flowchart LR\n A["{script}"] --> B')), bench)
    empty = make_diagram_with_mermaid_render(VisualRequest(Diagram(f'flowchart LR\n A["{"x" * 3}"] --> B')), bench)

    assert (np.abs(picture(made, bench)[..., :3].astype(int) - 255) > 200).any()
    assert made.files["state-00"] != empty.files["state-00"]


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
        "flowchart TD\n" + "subgraph s\n" * 1_200 + "a\n" + "end\n" * 1_200,
        'flowchart TD\n a["' + "word " * 3_500 + '"]',
    ],
    ids=["nodes", "edges", "dense", "nested", "label"],
)
def test_a_monstrous_diagram_is_drawn_or_refused_in_time(source: str, make: MakerFunction, bench: WorkerBench) -> None:
    started = time.monotonic()
    try:
        make(VisualRequest(Diagram(source)), bench)
    except MakeError as refusal:
        assert refusal.reason == "DIAGRAM_TOO_LARGE"
    assert time.monotonic() - started < 10


@BOTH
def test_scripts_links_and_foreign_pictures_do_not_reach_the_page(make: MakerFunction, bench: WorkerBench) -> None:
    source = """%%{init: {"themeCSS": "@import url(http://evil.example/x.css);"}}%%
flowchart LR
  A["<script>alert(1)</script><img src='http://evil.example/x.png' onerror='alert(1)'>"] --> B
  click A "javascript:alert(1)"
"""
    made = make(VisualRequest(Diagram(source)), bench)

    assert len(made.details["states"]) == 1


def test_a_drawing_keeps_shapes_and_loses_what_could_act() -> None:
    drawing = safe_drawing(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 50" '
        'style="--x:1;font:16px serif;color:red" onload="alert(1)">'
        "<style>@import url(http://evil.example)</style><script>alert(1)</script>"
        '<image href="http://evil.example/x.png"/><foreignObject><p>x</p></foreignObject><animate/>'
        '<use xlink:href="http://evil.example#x"/><rect fill="url(http://evil.example)" stroke="url(#here)" width="5"/>'
        '<a href="javascript:alert(1)"><text font-size="12">Word</text></a></svg>',
        16,
    )

    for gone in ("evil", "script", "image", "foreignObject", "animate", "onload", "<a", "--x", "serif"):
        assert gone not in drawing.svg
    assert "url(#here)" in drawing.svg
    assert (drawing.width, drawing.height, drawing.words, drawing.text_size) == (100, 50, "Word", 12)
