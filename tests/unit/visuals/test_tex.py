"""Formulas by a real TeX installation; skipped where there is none."""

import time
from pathlib import Path

import numpy as np
import pytest

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Formula
from kinescribe_server.visuals.formula import make_formula
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.tex import is_installed, make_formula_with_tex
from kinescribe_server.visuals.tex_program import run_program

from .inspection import SIZES, boxes, changes_outside, cues, layout_faults, picture

needs_tex = pytest.mark.skipif(not is_installed(), reason="latex and dvisvgm are not installed here")

ATTENTION = r"\mathrm{softmax}\!\left(\frac{QK^{\top}}{\sqrt{d_k}}\right)V"
STEPS = r"\begin{align} (a+b)^2 &= (a+b)(a+b) \tag{1} \\ &= a^2 + 2ab + b^2 \\ &= c \end{align}"


def drawn(latex: str, bench: WorkerBench, theme: str = "light") -> Made:
    return make_formula_with_tex(VisualRequest(Formula(latex, "Title"), theme), bench)


def refused(latex: str, bench: WorkerBench) -> MakeError:
    with pytest.raises(MakeError) as refusal:
        drawn(latex, bench)
    assert not refusal.value.retryable
    return refusal.value


@needs_tex
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_formula_stands_large_in_the_middle(size: tuple[int, int], bench: WorkerBench) -> None:
    made = make_formula_with_tex(VisualRequest(Formula(ATTENTION, "Title"), "light", *size), bench)

    assert layout_faults(made, bench) == []
    box = boxes(made, bench)[-1]
    assert box["x"] + box["width"] / 2 == pytest.approx(size[0] / 2, abs=0.02 * size[0])
    assert box["font_size"] * 1080 / min(size) > 50


@needs_tex
def test_it_looks_much_like_the_formula_that_is_drawn_without_tex(bench: WorkerBench) -> None:
    mine, other = (
        boxes(drawn(ATTENTION, bench), bench)[-1],
        boxes(make_formula(VisualRequest(Formula(ATTENTION, "Title")), bench), bench)[-1],
    )

    assert mine["text"] == other["text"]
    assert mine["width"] / mine["height"] == pytest.approx(other["width"] / other["height"], rel=0.3)


@needs_tex
@pytest.mark.parametrize(("theme", "ink"), [("light", [0x0F, 0x17, 0x2A]), ("dark", [0xE8, 0xEE, 0xF8])])
def test_a_formula_has_the_colour_of_the_theme_and_a_part_its_own(
    theme: str, ink: list[int], bench: WorkerBench
) -> None:
    pixels = picture(drawn(r"x + \frac{\color{red} y}{\textcolor{white}{z}} + \text{w}", bench, theme), bench)[..., :3]

    assert (pixels == ink).all(axis=-1).any()
    reddish = (pixels[..., 0] > 180) & (pixels[..., 1] < 130) & (pixels[..., 2] < 130)
    assert reddish.any()
    assert not (pixels == 0).all(axis=-1).any()


@needs_tex
def test_the_lines_of_a_formula_appear_one_by_one_and_stay_where_they_are(bench: WorkerBench) -> None:
    made = drawn(STEPS, bench)

    assert len(cues(made)) == 3
    assert cues(made)[2] == "equals c"
    assert changes_outside(made, bench) == []
    assert np.any(picture(made, bench, 0) != picture(made, bench, 2))


@needs_tex
@pytest.mark.parametrize(
    ("latex", "count"),
    [
        (r"\[ a = b \\ c = d \]", 2),
        (r"\begin{equation}\begin{split} a &= b \\ &= c \end{split}\label{e}\end{equation}", 2),
        (r"\begin{eqnarray} a &=& b \\ &=& c \end{eqnarray}", 2),
        (r"\begin{gather*} a \\[4pt] b \\ c \end{gather*}", 3),
        (r"f(x) = \begin{cases} 1 & x > 0 \\ 0 & \text{für } x \leq 0 \end{cases}", 2),
        (r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", 1),
        ("a +\n\nb % a remark", 1),
        ("α² ≤ β · ∑_{n ∈ ℕ} ∂f(ε) → ∞", 1),
        (r"$$x$$", 1),
    ],
)
def test_what_others_take_for_a_formula_is_one(latex: str, count: int, bench: WorkerBench) -> None:
    assert len(cues(drawn(latex, bench))) == count


@needs_tex
def test_what_has_no_words_is_shown_at_once(bench: WorkerBench) -> None:
    made = drawn(r"\begin{aligned} \newcommand\zz{7} \zz &= b \\ &= \csname alpha\endcsname \end{aligned}", bench)

    assert cues(made) == [""]


@needs_tex
@pytest.mark.parametrize(
    ("latex", "message"),
    [
        ("a\n+ b\n+ \\foo{1}", r"line 3: undefined control sequence: \foo"),
        (r"x^2^3", "line 1: Double superscript"),
        (r"\frac{1}{", None),
        (r"\begin{matrix} a", None),
        ("日本", None),
        (r"\usepackage{x}", None),
        (r"\end{document}", None),
        (r"$}\end{document}", "TeX drew nothing"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_tex_and_with_its_line(
    latex: str, message: str | None, bench: WorkerBench
) -> None:
    error = refused(latex, bench)

    assert error.reason == "FORMULA_INVALID"
    assert message is None or error.message == message
    assert "/" not in error.message.replace("and/or", "")


@needs_tex
@pytest.mark.parametrize(
    "latex",
    [
        r"\def\a{\a}\a",
        r"\def\a{\a\a}\a",
        r"\def\a#1{\a{#1#1}}\a x",
        r"\loop\message{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}\iftrue\repeat",
        r"\immediate\openout5=big \loop\immediate\write5{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}\iftrue\repeat",
        r"\newcount\n\loop\advance\n by 1 \expandafter\xdef\csname x\the\n\endcsname{\the\n}\iftrue\repeat",
        r"\input formula",
        r"\loop\hbox{x}\iftrue\repeat",
        r"\loop\shipout\hbox{x}\iftrue\repeat",
        "{" * 1_900,
        r"\rule{99999em}{99999em}",
    ],
)
def test_what_never_ends_or_fills_the_machine_is_stopped(latex: str, bench: WorkerBench) -> None:
    started = time.monotonic()

    assert refused(latex, bench).reason in {"FORMULA_INVALID", "FORMULA_TOO_LARGE"}
    assert time.monotonic() - started < 15


def test_a_program_has_little_time_memory_and_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinescribe_server.visuals.tex_program._SECONDS", 2.0)
    assert run_program("sh", ["-c", '[ "$(ulimit -t) $(ulimit -v) $(ulimit -c)" = "3 524288 0" ]'], tmp_path)
    assert not run_program("sh", ["-c", "exit 3"], tmp_path)
    for command in ("kill -XCPU $$", "sleep 60", "for n in $(seq 99); do : > $n; done; sleep 60"):
        started = time.monotonic()
        with pytest.raises(MakeError) as refusal:
            run_program("sh", ["-c", command], tmp_path)
        assert refusal.value.reason == "FORMULA_TOO_LARGE"
        assert time.monotonic() - started < 30


@needs_tex
def test_no_file_of_the_machine_can_be_read(bench: WorkerBench, tmp_path: Path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("777777777777")
    nothing = boxes(drawn("8", bench), bench)[-1]["width"]

    for latex in (
        rf"\input{{{secret}}}", rf"\input {secret} ", r"\input{../secret}", r"\input{/etc/passwd}", r"\input{|id}",
        rf"\verbatiminput{{{secret}}}", rf"\includegraphics{{{secret}}}",
    ):  # fmt: skip
        assert refused(latex, bench).reason == "FORMULA_INVALID"
    # Where it is no error to ask, there is nothing in the answer.
    for latex in (
        rf"8\openin5={secret} \ifeof5\else 8888\fi",
        r"8\openin5=../secret.tex \ifeof5\else 8888\fi",
        rf"8\setbox1\hbox{{\pdffiledump offset 0 length 4{{{secret}}}}}\ifdim\wd1>0pt 8888\fi",
        rf"8\setbox1\hbox{{\pdfmdfivesum file{{{secret}}}}}\ifdim\wd1>0pt 8888\fi",
        rf"8\setbox1\hbox{{\csname tex_filesize:D\endcsname{{{secret}}}}}\ifdim\wd1>0pt 8888\fi",
        rf"8\special{{psfile={secret}}}\special{{dvisvgm:img 9 9 {secret}}}",
        rf"8\special{{ps: ({secret}) run}}\special{{pdf:image ({secret})}}",
        rf"8\IfFileExists{{{secret}}}{{8888}}{{}}",
    ):
        assert boxes(drawn(latex, bench), bench)[-1]["width"] == pytest.approx(nothing, rel=0.01), latex


@needs_tex
@pytest.mark.parametrize(
    "latex",
    [
        r"8\immediate\write18{touch TARGET}",
        r"8\input{|touch TARGET}",
        r"8\immediate\openout5=TARGET \immediate\write5{x}",
        r"8\immediate\openout5=../leak \immediate\write5{x}",
        r"8\begin{filecontents}{TARGET}x\end{filecontents}",
        r"8\directlua{io.open('TARGET', 'w')}",
        r"8\catcode`\|=0 |immediate|openout5=TARGET |immediate|write5{x}",
        r"8\special{ps: (TARGET) (w) file}",
        r"8\special{header=TARGET}\special{! (TARGET) (w) file}",
        r"8\immediate\openout5=formula.dvi \immediate\write5{ps: (TARGET) (w) file}",
        r"$}\immediate\openout5=TARGET \immediate\write5{x}\setbox0\hbox{$8",
    ],
)
def test_nothing_is_written_or_run_outside(latex: str, bench: WorkerBench, tmp_path: Path) -> None:
    target = tmp_path / "leak"
    try:
        drawn(latex.replace("TARGET", str(target)), bench)
    except MakeError as error:
        assert error.reason == "FORMULA_INVALID"

    assert not target.exists()
    assert not list(tmp_path.parent.glob("leak*"))


@needs_tex
def test_keys_of_the_service_are_not_handed_on(bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", "formula")
    # The name of the file that is there, if the variable says so.
    assert "not found" in refused(r"\input{$LLM_API_KEY.tex}", bench).message


@needs_tex
def test_nothing_is_left_behind(bench: WorkerBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    drawn("x", bench)
    refused(r"\foo", bench)
    refused(r"\newcount\n \loop\immediate\openout5=f\the\n \advance\n by 1 \iftrue\repeat", bench)

    assert list(folder.iterdir()) == []


@needs_tex
def test_the_same_formula_is_the_same_bytes(bench: WorkerBench) -> None:
    latex = r"\today\ \number\year\ \ifnum\pdfuniformdeviate 1000>500 a\else b\fi"

    assert drawn(latex, bench) == drawn(latex, bench)
    assert drawn(STEPS, bench) == drawn(STEPS, bench)


def test_without_an_installation_it_is_said(bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_formula_with_tex(VisualRequest(Formula("x")), bench, latex="no-such-latex")

    assert refusal.value.reason == "TEX_NOT_INSTALLED"
    assert refusal.value.message == "the program 'no-such-latex' is not installed here"
    assert not is_installed("no-such-latex")
