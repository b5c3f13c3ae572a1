"""What every maker of visuals promises, tested on every one that is registered: ours, and one of a stranger's."""

import importlib
import io
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image as Pillow
from tests.unit.visuals.inspection import layout

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.jobs.makers import MakerSpec
from kinescribe_server.script.model import (
    Bullet,
    BulletList,
    Chart,
    ChartSeries,
    Code,
    Diagram,
    Formula,
    Image,
    LineRange,
    OtherVisual,
    Slide,
    Visual,
)
from kinescribe_server.visuals.catalog import PLACEHOLDER, VISUAL_MAKERS, visual_makers
from kinescribe_server.visuals.contrast import READABLE, contrast
from kinescribe_server.visuals.protocol import PlaceholderRequest, VisualRequest

# What each type is asked to draw, and what it has to refuse.
GOOD: dict[str, Visual] = {
    "slide": Slide("A title", "", (BulletList((Bullet("First"), Bullet("Second"))),)),
    "diagram": Diagram("flowchart LR\n A[One] -->|then| B[Two] --> C[Three]", "Steps"),
    "code": Code("def f(x):\n    return x\n", "python", "Code", (LineRange(1, 1), LineRange(2, 2))),
    "formula": Formula(r"\begin{aligned} a &= b \\ &= c \end{aligned}", "Formula"),
    "chart": Chart("bar", "Chart", ("a", "b"), (ChartSeries("One", (1.0, 2.0)), ChartSeries("Two", (2.0, 1.0)))),
    "image": Image("dot.png", "A dot", "Picture"),
    "greeting": OtherVisual("greeting", "Hello"),
}
BAD: dict[str, Visual] = {
    "slide": Slide("x" * 30_000),
    "diagram": Diagram("no diagram"),
    "code": Code(""),
    "formula": Formula(r"\frac{"),
    "chart": Chart("bar", "", ("a",), ()),
    "image": Image("missing.png"),
    "greeting": OtherVisual("greeting", ""),
}
SIZES = ((1280, 720), (720, 1280), (720, 720))
MAKERS = [(name, *entry[:3]) for name, entries in VISUAL_MAKERS.items() for entry in entries]
_THIRD_PARTY = """
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Slide
from kinescribe_server.visuals.slide import make_slide
from dataclasses import replace


def make_greeting(request, bench):
    if not request.visual.source:
        raise MakeError("GREETING_EMPTY", "there is nobody to greet")
    return make_slide(replace(request, visual=Slide(request.visual.source)), bench)
"""


@pytest.fixture
def bench(tmp_path: Path) -> WorkerBench:
    return WorkerBench(ArtifactFolder(tmp_path / "artifacts", min_free_bytes=0))


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution that draws one new type and wants to draw one of ours."""
    (tmp_path / "hello_visuals.py").write_text(_THIRD_PARTY)
    info = tmp_path / "hello_visuals-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hello-visuals\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[kinescribe.visuals]\ngreeting = hello_visuals:make_greeting\nslide = hello_visuals:make_greeting\n"
        "Not A Name = hello_visuals:make_greeting\nhalf = hello_visuals\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    sys.modules.pop("hello_visuals", None)


def dot(bench: WorkerBench) -> MappingProxyType[str, str]:
    content = io.BytesIO()
    Pillow.new("RGBA", (40, 30), "#ff000080").save(content, "PNG")
    return MappingProxyType({"dot.png": bench.artifacts.put_bytes(content.getvalue(), "image/png").sha256})


def check_made(made: Made, width: int, height: int, bench: WorkerBench) -> None:
    """The promises of `visuals/protocol.py`."""
    states = made.details["states"]
    assert [state["picture"] for state in states] == [f"state-{number:02}" for number in range(len(states))]
    assert set(made.files) == {"layout", *(state["picture"] for state in states)}
    assert all(isinstance(state["cue"], str) for state in states)
    for number, state in enumerate(states):
        file = made.files[state["picture"]]
        content = bench.artifacts.read(file.sha256)
        picture = Pillow.open(io.BytesIO(content))
        assert (file.media_type, file.size_bytes) == ("image/png", len(content))
        assert (picture.format, picture.size, picture.mode in {"RGB", "RGBA"}) == ("PNG", (width, height), True)
        assert (np.asarray(picture.convert("RGBA"))[..., 3] == 255).all()
        changed = state.get("changed")
        if number and changed:
            x, y, w, h = changed
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height
    record = layout(made, bench)
    assert (record["width"], record["height"]) == (width, height)
    for box in record["boxes"]:
        assert box["text"]
        assert -1 <= box["x"] <= box["x"] + box["width"] <= width + 1, box
        assert -1 <= box["y"] <= box["y"] + box["height"] <= height + 1, box
        assert box["font_size"] > 0
        assert 0 <= box["state"] < len(states)
        assert contrast(box["color"], box["background"]) >= READABLE, box
    for notice in made.notices:
        assert notice.reason == notice.reason.upper()
        assert notice.message


@pytest.mark.parametrize(("kind", "name", "target", "distributions"), MAKERS, ids=[maker[1] for maker in MAKERS])
class TestEveryMaker:
    def test_draws_named_opaque_pictures_and_a_record_of_what_is_where(
        self, kind: str, name: str, target: str, distributions: tuple[str, ...], bench: WorkerBench
    ) -> None:
        for index, (width, height) in enumerate(SIZES):
            theme = ("light", "dark", "light")[index]
            request = VisualRequest(GOOD[kind], theme, width, height, "en", dot(bench))
            check_made(resolve_name(target)(request, bench), width, height, bench)

    def test_makes_the_same_bytes_of_the_same_request(
        self, kind: str, name: str, target: str, distributions: tuple[str, ...], bench: WorkerBench
    ) -> None:
        request = VisualRequest(GOOD[kind], "dark", 1280, 720, "en", dot(bench))
        make = resolve_name(target)

        first = make(request, bench)
        make(replace(request, theme="light"), bench)

        assert make(request, bench) == first

    def test_refuses_what_it_cannot_draw_with_a_reason_and_no_hope(
        self, kind: str, name: str, target: str, distributions: tuple[str, ...], bench: WorkerBench
    ) -> None:
        make = resolve_name(target)
        for request in (VisualRequest(BAD[kind]), VisualRequest(GOOD[kind], "no such theme", attachments=dot(bench))):
            with pytest.raises(MakeError) as refusal:
                make(request, bench)
            assert refusal.value.reason == refusal.value.reason.upper() != ""
            assert refusal.value.message
            assert not refusal.value.retryable

    def test_refuses_a_visual_of_another_type(
        self, kind: str, name: str, target: str, distributions: tuple[str, ...], bench: WorkerBench
    ) -> None:
        with pytest.raises(MakeError) as refusal:
            resolve_name(target)(VisualRequest(OtherVisual("strange")), bench)
        assert refusal.value.reason == "VISUAL_MISMATCH"

    def test_has_a_version_that_names_its_distributions(
        self, kind: str, name: str, target: str, distributions: tuple[str, ...], bench: WorkerBench
    ) -> None:
        version = MakerSpec(name, target, distributions).version

        assert all(f"{distribution}=" in version for distribution in distributions)
        assert "kinescribe" in distributions


@pytest.mark.parametrize("visual", [*GOOD.values(), *BAD.values(), None])
def test_the_placeholder_draws_whatever_could_not_be_drawn(visual: Visual | None, bench: WorkerBench) -> None:
    made = resolve_name(PLACEHOLDER[1])(PlaceholderRequest(visual, "REASON", "why", "light", 640, 360), bench)

    check_made(made, 640, 360, bench)


def test_without_others_there_are_the_built_in_types() -> None:
    assert visual_makers().items() >= VISUAL_MAKERS.items()


def test_a_stranger_adds_a_type_and_stands_behind_ours(third_party: None, bench: WorkerBench) -> None:
    makers = visual_makers()

    assert "hello_visuals" not in sys.modules
    assert makers["greeting"] == (("hello-visuals", "hello_visuals:make_greeting", ("hello-visuals", "kinescribe"), 1),)
    assert makers["slide"] == (*VISUAL_MAKERS["slide"], makers["greeting"][0])
    assert not {"Not A Name", "half"} & set(makers)
    assert "hello-visuals=1.2" in MakerSpec(*makers["greeting"][0]).version


def test_a_strangers_maker_keeps_the_same_promises(third_party: None, bench: WorkerBench) -> None:
    make = resolve_name(visual_makers()["greeting"][0][1])
    request = VisualRequest(GOOD["greeting"], "light", 1280, 720)

    made = make(request, bench)

    check_made(made, 1280, 720, bench)
    assert make(request, bench) == made
    with pytest.raises(MakeError):
        make(VisualRequest(BAD["greeting"]), bench)
