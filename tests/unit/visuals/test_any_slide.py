"""What holds for every slide. HYPOTHESIS_EXAMPLES sets how many are tried."""

import io
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.script.model import Slide
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.slide import make_slide
from kinescribe_server.visuals.themes import THEMES

from .any_slide import slides
from .inspection import boxes, changes_outside, layout_faults, moved_boxes, picture, two_thirds_empty
from .slides import SLIDES

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "24"))
# Looking at pixels takes longer than laying out.
SAMPLE = max(4, EXAMPLES // 4)

themes = st.sampled_from([theme.name for theme in THEMES])
sizes = st.sampled_from([(1920, 1080), (1080, 1920), (1080, 1080), (864, 1080), (854, 480), (3840, 2160)])
small_sizes = st.sampled_from([(960, 540), (540, 960), (640, 640), (512, 640)])


def any_examples(count: int) -> settings:
    # The store of a test's pictures may be shared by its examples: what is in it is addressed by its content.
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def request_of(slide: Slide, theme: str, size: tuple[int, int], bench: WorkerBench) -> VisualRequest:
    names = {"photo": (400, 300), "tall": (90, 400)}
    return VisualRequest(slide, theme, *size, attachments={name: stored(names[name], bench) for name in names})


def stored(size: tuple[int, int], bench: WorkerBench) -> str:
    file = io.BytesIO()
    Pillow.linear_gradient("L").resize(size).save(file, "PNG")
    return bench.artifacts.put_bytes(file.getvalue(), "image/png").sha256


@given(slides, themes, sizes)
@any_examples(EXAMPLES)
def test_nothing_overflows_or_overlaps_or_is_small_or_faint(
    bench: WorkerBench, slide: Slide, theme: str, size: tuple[int, int]
) -> None:
    made = make_slide(request_of(slide, theme, size, bench), bench)

    assert layout_faults(made, bench) == []
    assert moved_boxes(made, bench) == []
    states = made.details["states"]
    assert states[0]["changed"] is None
    assert len(states) <= 40


@given(slides, themes, small_sizes)
@any_examples(SAMPLE)
def test_the_pixels_are_what_the_record_says(
    bench: WorkerBench, slide: Slide, theme: str, size: tuple[int, int]
) -> None:
    made = make_slide(request_of(slide, theme, size, bench), bench)

    assert changes_outside(made, bench) == []
    shown = boxes(made, bench)
    if {box["text"] for box in shown} - {slide.title, slide.subtitle}:  # a card is a composition of its own
        assert two_thirds_empty(made, bench) == []
    for box in (box for box in shown if box["text"].isascii() and any(map(str.isalnum, box["text"]))):
        left, top = int(box["x"]), int(box["y"])
        part = picture(made, bench, box["state"])[top : top + int(box["height"]), left : left + int(box["width"]) + 1]
        ground = np.array([int(box["background"][i : i + 2], 16) for i in (1, 3, 5)])
        inked = (np.abs(part[..., :3].astype(int) - ground) > 60).any()
        assert inked, f"nothing is drawn in {box}"


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
def test_text_stays_in_its_box_and_everything_else_is_ground(theme: str, bench: WorkerBench) -> None:
    made = make_slide(VisualRequest(SLIDES["too much"], theme), bench)

    pixels = picture(made, bench, 0)[..., :3].astype(int)
    text = np.array([int(boxes(made, bench)[-1]["color"][i : i + 2], 16) for i in (1, 3, 5)])
    outside = np.ones(pixels.shape[:2], dtype=bool)
    for box in boxes(made, bench):
        if box["state"] == 0:
            left, top = int(box["x"]) - 4, int(box["y"]) - 4
            outside[top : top + int(box["height"]) + 9, left : left + int(box["width"]) + 9] = False
    assert not ((np.abs(pixels - text) < 8).all(axis=-1) & outside).any()
