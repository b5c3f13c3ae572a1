"""One sample of every visual type and of every kind of slide, small enough to be compared at a glance."""

import importlib
import io

import numpy as np
from PIL import Image as Pillow

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made, MakerFunction
from kinescribe_server.script.model import (
    Bullet,
    BulletList,
    Chart,
    ChartSeries,
    Code,
    Columns,
    Diagram,
    Formula,
    Image,
    LineRange,
    Paragraph,
    Quote,
    Slide,
    Table,
    TableRow,
    Visual,
)
from kinescribe_server.visuals.catalog import PLACEHOLDER, VISUAL_MAKERS
from kinescribe_server.visuals.protocol import PlaceholderRequest, VisualRequest

PICTURE = "dunes"

_PYTHON = """def search(items, wanted):
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low  # where it is, or would be
"""


def _list(*texts: str, ordered: bool = False) -> BulletList:
    """A list in which a leading > nests an item."""
    return BulletList(tuple(Bullet(text.lstrip(">"), text.count(">")) for text in texts), ordered)


def _table(header: str, *rows: str) -> Table:
    return Table(tuple(header.split("|")), tuple(TableRow(tuple(row.split("|"))) for row in rows))


SAMPLES: dict[str, Visual] = {
    "title": Slide("How a vector index finds what you mean", "Nearest neighbours in five minutes", (), "title"),
    "section": Slide("Part two: the write path", "What happens before the index answers", (), "section"),
    "bullets": Slide(
        "Why retrieval beats memory",
        "",
        (_list("Facts change", "Weights do not", "Memory is small", "An index is cheap"),),
    ),
    "numbered": Slide(
        "From text to film", "", (_list("Read", ">Find scenes", ">>Title each", "Draw", ">Every state", ordered=True),)
    ),
    "paragraph": Slide("In one sentence", "", (Paragraph("An index trades memory for time."),)),
    "quote": Slide("", "", (Quote("Simplicity is prerequisite for reliability.", "Edsger W. Dijkstra"),)),
    "table": Slide(
        "Cost per million tokens",
        "",
        (_table("Model|Input|Latency", "Small|$0.10|180 ms", "Medium|$0.80|420 ms", "Large|$3.00|1.1 s"),),
    ),
    "columns": Slide(
        "Two ways to scale",
        "",
        (
            Columns(
                (Paragraph("Up"), _list("A larger machine", "One place to look")),
                (Paragraph("Out"), _list("More machines", "Work for the network")),
            ),
        ),
    ),
    "picture on a slide": Slide(
        "Dunes move", "", (_list("Wind lifts the grains", "The crest falls over"), Image(PICTURE, "Dunes at dusk"))
    ),
    "scripts": Slide(
        "日本語 · العربية · हिन्दी",
        "",
        (_list("Ελληνικά και Кириллица", "中文文本也可以换行", "עברית, ไทย, 한국어", "🚀 ✅"),),
    ),
    "diagram": Diagram(
        "flowchart LR\n A[Text] --> B[Script]\n B --> C{Ready?}\n C -->|yes| D[Film]\n C -->|no| B", "A job"
    ),
    "code": Code(_PYTHON, "python", "Binary search", (LineRange(3, 8),)),
    "formula": Formula(r"\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi}", "The Gaussian integral"),
    "chart": Chart(
        "bar", "Answers per second", ("1", "2", "4", "8"), (ChartSeries("Workers", (110.0, 214.0, 402.0, 731.0)),)
    ),
    "image": Image(PICTURE, "Dunes at dusk", "Dunes at dusk"),
    "closing": Slide("Thanks for watching", "Next time: how the index forgets", (), "closing"),
}
KINDS = (*(name for name in SAMPLES if type(SAMPLES[name]).__name__.lower() in VISUAL_MAKERS), "placeholder")


def make_sample(kind: str, theme: str, size: tuple[int, int], bench: WorkerBench) -> Made:
    """Draws the sample with the first maker of its type."""
    if kind == "placeholder":
        broken = Diagram("flowchart LR\n A --> B[", "Checkout")
        missing = PlaceholderRequest(broken, "DIAGRAM_INVALID", "line 2, column 9: a bracket is missing", theme, *size)
        return _function(PLACEHOLDER[1])(missing, bench)
    picture = bench.artifacts.put_bytes(sample_picture(), "image/png")
    request = VisualRequest(SAMPLES[kind], theme, *size, attachments={PICTURE: picture.sha256})
    return maker_of(SAMPLES[kind])(request, bench)


def maker_of(visual: Visual) -> MakerFunction:
    """The first maker of a visual's type."""
    return _function(VISUAL_MAKERS[type(visual).__name__.lower()][0][1])


def _function(target: str) -> MakerFunction:
    module, _, name = target.partition(":")
    function: MakerFunction = getattr(importlib.import_module(module), name)
    return function


def sample_picture() -> bytes:
    """Dunes, as a PNG; made here, so that nobody owns them."""
    x, y = np.meshgrid(np.linspace(0, 1, 640), np.linspace(0, 1, 480))
    shades = np.zeros((480, 640, 3)) + np.stack([250 - 90 * y, 190 - 60 * y, 140 + 40 * y], axis=-1)
    for number in range(5):
        crest = 0.4 + 0.12 * number + 0.06 * np.sin(6 * x + 2.1 * number)
        light = np.clip(1 - 3 * (y - crest), 0, 1)[..., None]
        dune = light * [230, 160, 90] + (1 - light) * [110 - 12 * number, 60, 60 + 5 * number]
        shades = np.where((y > crest)[..., None], dune, shades)
    file = io.BytesIO()
    Pillow.fromarray(shades.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()
