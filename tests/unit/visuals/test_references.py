"""Pictures look as they did when somebody last looked. How to renew them: tests/data/pictures/README.md."""

import json

import pytest
from PIL import Image as Pillow

from kinescribe_server.engine.bench import WorkerBench

from .references import FOLDER, SHEET, Case, cases, last_picture, likeness, name_of, structure
from .samples import make_sample

# A palette of few colours costs a hundredth or two; another size or weight of type costs much more.
ALIKE = 0.95
# What a box may move on another processor, in pixels.
NEAR = 1

LAYOUTS = json.loads((FOLDER / "layouts.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", list(cases()), ids=name_of)
def test_a_picture_looks_like_its_reference(case: Case, bench: WorkerBench) -> None:
    made = make_sample(*case, bench)

    found, expected = structure(made, bench), LAYOUTS[name_of(case)]
    assert found["cues"] == expected["cues"]
    assert [_words(box) for box in found["boxes"]] == [_words(box) for box in expected["boxes"]]
    for box, reference in zip(found["boxes"], expected["boxes"], strict=True):
        assert box[1:6] == pytest.approx(reference[1:6], abs=NEAR), box[0]
    reference_picture = Pillow.open(FOLDER / f"{name_of(case)}.png").convert("RGB")
    assert likeness(last_picture(made, bench), reference_picture) > ALIKE


def test_there_is_a_reference_for_every_case_and_the_set_is_small() -> None:
    files = sorted(FOLDER.glob("*.png"))

    assert [file.stem for file in files] == sorted(map(name_of, cases()))
    assert sum(file.stat().st_size for file in files) < 1_500_000
    assert SHEET.stat().st_size < 250_000


def test_likeness_is_one_for_the_same_picture_and_low_for_another() -> None:
    one, other = (Pillow.open(FOLDER / f"light-480x270-{kind}.png").convert("RGB") for kind in ("bullets", "table"))

    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, other) < 0.8


def _words(box: list[object]) -> tuple[object, ...]:
    """What of a box is the same on every machine: its text and its colours."""
    return box[0], *box[6:]
