import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.script.model import Chart, Code, Diagram, Formula, Image, OtherVisual, Slide, Visual
from kinescribe_server.visuals.placeholder import make_placeholder
from kinescribe_server.visuals.protocol import PlaceholderRequest

from .inspection import boxes, cues, layout_faults

NASTY = '\x00\ud83d\u202e#read("x")' + "\u0335" * 99 + "W" * 3_000 + " 日本語 العربية\n" * 99
VISUALS: list[Visual | None] = [
    None,
    Slide("A slide"),
    Diagram("flowchart LR\n A --> B[", "Checkout"),
    Code("print(1)", "python", "Listing"),
    Formula(r"\frac{1}{", "Euler"),
    Chart(title="Sales"),
    Image("photo", "A photo of a bridge"),
    OtherVisual("globe", "{}", "The world"),
    Diagram(NASTY, NASTY),
    OtherVisual(NASTY, NASTY, NASTY),
]


@pytest.mark.parametrize(
    "size", [(1920, 1080), (1080, 1920), (640, 360), (3840, 320), (320, 3840)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("visual", VISUALS, ids=lambda visual: type(visual).__name__)
def test_a_placeholder_is_always_drawn(visual: Visual | None, size: tuple[int, int], bench: WorkerBench) -> None:
    for message in ("line 3, column 1: a bracket is missing", NASTY, ""):
        made = make_placeholder(PlaceholderRequest(visual, "DIAGRAM_INVALID", message, "no such theme", *size), bench)

        assert cues(made) == [""]
        assert layout_faults(made, bench) == []


def test_a_placeholder_says_what_is_missing_and_why_and_shows_the_source(bench: WorkerBench) -> None:
    visual = Diagram("flowchart LR\n A --> B[", "Checkout")

    made = make_placeholder(PlaceholderRequest(visual, "DIAGRAM_INVALID", "line 3: a bracket is missing"), bench)

    shown = [box["text"] for box in boxes(made, bench)]
    assert shown == ["Diagram not available", "Checkout", "line 3: a bracket is missing", "flowchart LR", " A --> B["]
