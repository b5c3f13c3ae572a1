import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Formula
from kinescribe_server.visuals.formula import make_formula
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import SIZES, boxes, layout_faults, picture

ATTENTION = r"\mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}}\right)V"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("latex", [ATTENTION, "E = mc^2", r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", r"\ce{H2O}"])
def test_a_formula_stands_large_in_the_middle(latex: str, size: tuple[int, int], bench: WorkerBench) -> None:
    made = make_formula(VisualRequest(Formula(latex, "Title"), "light", *size), bench)

    assert layout_faults(made, bench) == []
    box = boxes(made, bench)[-1]
    assert box["x"] + box["width"] / 2 == pytest.approx(size[0] / 2, abs=1)
    assert box["font_size"] * 1080 / min(size) > 50


@pytest.mark.parametrize(("theme", "ink"), [("light", [0x0F, 0x17, 0x2A]), ("dark", [0xE8, 0xEE, 0xF8])])
def test_a_formula_has_the_colour_of_the_theme(theme: str, ink: list[int], bench: WorkerBench) -> None:
    pixels = picture(make_formula(VisualRequest(Formula("x"), theme), bench), bench)

    assert (pixels[..., :3] == ink).all(axis=-1).any()


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


@pytest.mark.parametrize("latex", ["x" * 2_001, "x" * 1_999])
def test_a_huge_formula_is_refused(latex: str, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_formula(VisualRequest(Formula(latex)), bench)

    assert refusal.value.reason == "FORMULA_TOO_LARGE"


def test_a_wide_formula_is_drawn_and_announced(bench: WorkerBench) -> None:
    made = make_formula(VisualRequest(Formula("+".join("abcdefghijklmnopqrstuvwxyz" * 2))), bench)

    assert [notice.reason for notice in made.notices] == ["FORMULA_SMALL"]


def test_the_same_formula_is_the_same_bytes(bench: WorkerBench) -> None:
    request = VisualRequest(Formula(ATTENTION))

    assert make_formula(request, bench) == make_formula(request, bench)
