from pathlib import Path

import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Formula
from kinescribe_server.visuals.formula import make_formula
from kinescribe_server.visuals.formula_rows import with_tagged_rows
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import SIZES, boxes, cues, layout_faults, picture

ATTENTION = r"\mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}}\right)V"
STEPS = r"\begin{aligned} (a+b)^2 &= (a+b)(a+b) \\ &= a^2 + 2ab + b^2 \\ &= c \end{aligned}"
CORPUS = [
    line
    for line in (Path(__file__).parents[2] / "data" / "latex.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("latex", [ATTENTION, "E = mc^2", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\ce{H2O}"])
def test_a_formula_stands_large_in_the_middle(latex: str, size: tuple[int, int], bench: WorkerBench) -> None:
    made = make_formula(VisualRequest(Formula(latex, "Title"), "light", *size), bench)

    assert layout_faults(made, bench) == []
    box = boxes(made, bench)[-1]
    assert box["x"] + box["width"] / 2 == pytest.approx(size[0] / 2, abs=0.02 * size[0])
    assert box["font_size"] * 1080 / min(size) > 50


@pytest.mark.parametrize(("theme", "ink"), [("light", [0x0F, 0x17, 0x2A]), ("dark", [0xE8, 0xEE, 0xF8])])
def test_a_formula_has_the_colour_of_the_theme(theme: str, ink: list[int], bench: WorkerBench) -> None:
    pixels = picture(make_formula(VisualRequest(Formula("x"), theme), bench), bench)

    assert (pixels[..., :3] == ink).all(axis=-1).any()


def test_nearly_all_of_a_hundred_formulas_are_drawn_without_a_warning(bench: WorkerBench) -> None:
    warned = {}
    for latex in CORPUS:
        try:
            made = make_formula(VisualRequest(Formula(latex)), bench)
        except MakeError as error:
            warned[latex] = [error.message]
            continue
        assert layout_faults(made, bench, floor=20) == []
        if made.notices:
            warned[latex] = [notice.message for notice in made.notices]

    assert len(CORPUS) == 100
    assert len(warned) <= 2, warned
    assert all(message for messages in warned.values() for message in messages)


def test_the_lines_of_a_formula_appear_one_by_one_and_stay_where_they_are(bench: WorkerBench) -> None:
    made = make_formula(VisualRequest(Formula(STEPS)), bench)

    assert len(cues(made)) == 3
    assert cues(made)[2] == "equals c"
    first, second, third = (
        [(box["x"], box["y"]) for box in boxes(made, bench) if box["state"] == state] for state in range(3)
    )
    assert first == second[:1] == third[:1]
    assert second == third[:2]
    x, y, width, height = made.details["states"][1]["changed"]
    different = (picture(made, bench, 1) != picture(made, bench, 0)).any(axis=-1)
    different[y : y + height, x : x + width] = False
    assert not different.any()


@pytest.mark.parametrize(
    ("latex", "count"),
    [
        (r"f(x) = \begin{cases} 1 & x > 0 \\ 0 & x \leq 0 \end{cases}", 2),
        (r"\begin{gathered} a \\[4pt] b \\ c \end{gathered}", 3),
        (r"\begin{equation}\begin{split} a &= b \\ &= c \end{split}\end{equation}", 2),
        (r"a = b \\ c = d", 2),
        (r"\begin{eqnarray} a &=& b \\ &=& c \end{eqnarray}", 2),
        (r"\begin{align} \color{red} a &= b \tag{1} \\ c &= d \end{align}", 2),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", 1),
        (r"\begin{aligned} a &= \begin{pmatrix} 1 \\ 2 \end{pmatrix} \\ b &= 3 \end{aligned}", 2),
        (r"\begin{aligned} a \end{aligned}", 1),
    ],
)
def test_lines_are_those_of_steps_and_not_those_of_matrices(latex: str, count: int, bench: WorkerBench) -> None:
    assert len(cues(make_formula(VisualRequest(Formula(latex)), bench))) == count


def test_every_cell_is_tagged_with_its_row() -> None:
    tagged, count = with_tagged_rows(r"\begin{aligned} a &= b \\ c &= d \end{aligned}")

    assert count == 2
    assert tagged.count("{000001}") == tagged.count("{000002}") == 2


def test_colours_of_the_user_are_made_legible(bench: WorkerBench) -> None:
    pixels = picture(make_formula(VisualRequest(Formula(r"\color{yellow} x")), bench), bench)[..., :3]

    assert not (pixels == [255, 255, 0]).all(axis=-1).any()


@pytest.mark.parametrize(
    "latex",
    [
        "",
        " ",
        "\x00",
        "日本",
        "{" * 900,
        "x^2^3",
        r"\foo",
        r"\frac{1}{",
        r"\input{/etc/passwd}",
        r"\write18{id}",
        r"\includegraphics{x}",
        r"\begin{matrix} a",
        r"\def\a{\a\a}\a",
    ],
)
def test_what_cannot_be_typeset_is_refused_and_not_half_drawn(latex: str, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_formula(VisualRequest(Formula(latex)), bench)

    assert (refusal.value.reason, refusal.value.retryable) == ("FORMULA_INVALID", False)
    assert refusal.value.message


def test_a_mistake_is_named_with_its_line_and_column(bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_formula(VisualRequest(Formula("a\n+ b\n+ \\foo")), bench)

    assert refusal.value.message == r"line 3, column 3: unsupported command: \foo"


@pytest.mark.parametrize("latex", ["x" * 2_001, "x" * 1_999, r"\rule{99999em}{99999em}"])
def test_a_huge_formula_is_refused(latex: str, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_formula(VisualRequest(Formula(latex)), bench)

    assert refusal.value.reason == "FORMULA_TOO_LARGE"


def test_a_wide_formula_is_drawn_and_announced(bench: WorkerBench) -> None:
    made = make_formula(VisualRequest(Formula("+".join("abcdefghijklmnopqrstuvwxyz" * 2))), bench)

    assert [notice.reason for notice in made.notices] == ["FORMULA_SMALL"]


def test_the_same_formula_is_the_same_bytes(bench: WorkerBench) -> None:
    request = VisualRequest(Formula(STEPS))

    assert make_formula(request, bench) == make_formula(request, bench)
