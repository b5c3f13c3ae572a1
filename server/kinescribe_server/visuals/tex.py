"""Formulas typeset by a TeX installation, for who wants the real thing: `latex`, and `dvisvgm` for the outlines."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.visuals.formula import words_of
from kinescribe_server.visuals.formula_page import Words, formula_source, on_page
from kinescribe_server.visuals.formula_rows import breaks_outside, with_align
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.svg_styles import SVG
from kinescribe_server.visuals.tex_dvi import with_colors_only
from kinescribe_server.visuals.tex_letters import declared_letters
from kinescribe_server.visuals.tex_program import DVISVGM, LATEX, is_installed, run_program
from kinescribe_server.visuals.wording import one_line

__all__ = ["is_installed", "make_formula_with_tex"]

_TEMPLATE = (Path(__file__).parent / "templates" / "formula.tex").read_text("utf-8")
_PREAMBLE, _ENDING = _TEMPLATE.split("% FORMULA\n")
_NAME = "formula"
_TYPESET = ("-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode", f"{_NAME}.tex")
_DRAW = (
    "--no-fonts", "--exact-bbox", "--bbox=min", "--page=1", "--no-mktexmf", "--cache=none", "--verbosity=0",
    "--no-specials=ps", f"--output={_NAME}.svg", f"{_NAME}.dvi",
)  # fmt: skip
# The type size of LaTeX's article in points, which are the units of the drawing.
_POINTS_PER_EM = 10.0
# Environments that are paragraphs, and what they are called within a formula.
_WITHIN = {
    "align": "aligned", "alignat": "alignedat", "flalign": "aligned", "gather": "gathered", "multline": "multlined",
    "split": "aligned",
}  # fmt: skip
_PARAGRAPH = re.compile(r"\\(begin|end)\s*\{(" + "|".join(_WITHIN) + r")\*?\}")
# Environments of a single formula, of which only the group is left.
_SINGLE = {"begin": "{", "end": "}"}
_SINGLES = re.compile(r"\\(begin|end)\s*\{(?:equation|displaymath|math)\*?\}")
_ENVELOPE = re.compile(r"\$\$(.*)\$\$|\$(.*)\$|\\\[(.*)\\\]|\\\((.*)\\\)", re.DOTALL)
_BLANK_LINES = re.compile(r"\n\s*\n")
# In a log: what is wrong, and the line with what was read of it.
_PROBLEM = re.compile(r"^! (.*)$", re.MULTILINE)
_PLACE = re.compile(r"^l\.(\d+) ?(.*)$", re.MULTILINE)
_COMMAND = re.compile(r"(\\(?:[a-zA-Z@]+|.))\s*$")
_LOG_BYTES = 200_000
_MESSAGE_LENGTH = 200
_NO_OUTLINES = "what TeX drew has no outlines"


def make_formula_with_tex(request: VisualRequest, bench: Bench, *, latex: str = LATEX, dvisvgm: str = DVISVGM) -> Made:
    """Draws `request.visual`, a Formula. Raises MakeError (FORMULA_INVALID, FORMULA_TOO_LARGE, TEX_NOT_INSTALLED,
    THEME_UNKNOWN)."""
    return on_page(_within_a_formula(formula_source(request)), _Tex(latex, dvisvgm), request, bench)


@dataclass(frozen=True, slots=True)
class _Tex:
    """Implements Typesetter by two programs."""

    latex: str
    dvisvgm: str
    units_per_em: float = _POINTS_PER_EM

    def svg(self, latex: str) -> str:
        with _folder() as folder:
            (folder / f"{_NAME}.tex").write_text(_document(latex), "utf-8")
            if not run_program(self.latex, _TYPESET, folder):
                raise MakeError("FORMULA_INVALID", _problem(folder))
            dvi = _page(folder)
        # In another folder, where nothing is that TeX wrote: fonts are looked for in the current one.
        with _folder() as folder:
            (folder / f"{_NAME}.dvi").write_bytes(dvi)
            if not run_program(self.dvisvgm, _DRAW, folder):
                raise MakeError("FORMULA_INVALID", _NO_OUTLINES)
            return _with_own_colors((folder / f"{_NAME}.svg").read_text("utf-8"))

    def words(self, latex: str) -> Words:
        """TeX draws and does not speak."""
        return words_of(latex)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kinescribe-tex-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _page(folder: Path) -> bytes:
    try:
        return with_colors_only((folder / f"{_NAME}.dvi").read_bytes())
    except FileNotFoundError:
        raise MakeError("FORMULA_INVALID", "TeX drew nothing") from None
    except ValueError as error:
        raise MakeError("FORMULA_INVALID", f"TeX drew no single formula: {error}") from None


def _document(latex: str) -> str:
    """A document whose only content is the formula."""
    preamble = _PREAMBLE.replace("% UNICODE\n", declared_letters(latex))
    return f"{preamble}{latex}\n{_ENDING}"


def _within_a_formula(latex: str) -> str:
    """The source as it can stand within a formula: what would be a paragraph of its own is written otherwise."""
    envelope = _ENVELOPE.fullmatch(latex)
    if envelope:
        latex = next(inner for inner in envelope.groups() if inner is not None)
    latex = _PARAGRAPH.sub(lambda found: rf"\{found[1]}{{{_WITHIN[found[2]]}}}", with_align(latex))
    latex = _SINGLES.sub(lambda found: _SINGLE[found[1]], latex)
    latex = _BLANK_LINES.sub("\n%\n", latex)
    return rf"\begin{{aligned}}{latex}\end{{aligned}}" if breaks_outside(latex) else latex


def _with_own_colors(svg: str) -> str:
    """The drawing with every colour on the shape that has it, and `currentColor` for the rest."""
    try:
        root = ET.fromstring(svg.replace("xlink:href=", "href="))  # noqa: S314 - dvisvgm's, of outlines alone
    except ET.ParseError as error:
        raise MakeError("FORMULA_INVALID", _NO_OUTLINES) from error
    for group in root.iter(f"{SVG}g"):  # an outer group comes first
        color = group.attrib.pop("fill", "")
        for child in group if color else ():
            child.set("fill", child.get("fill", color))
    root.set("fill", "currentColor")
    return ET.tostring(root, encoding="unicode")


def _problem(folder: Path) -> str:
    """What TeX says is wrong, and where."""
    with (folder / f"{_NAME}.log").open("rb") as file:
        said = file.read(_LOG_BYTES).decode("utf-8", "replace")
    found = _PROBLEM.search(said)
    if found is None:
        return "TeX cannot typeset the formula"
    what = found[1].removeprefix("LaTeX Error: ").removeprefix("Package ").rstrip(".")
    place = _PLACE.search(said, found.end())
    if place is None:
        return one_line(what)[:_MESSAGE_LENGTH]
    command = _COMMAND.search(place[2])
    if what == "Undefined control sequence" and command:
        what = f"undefined control sequence: {command[1]}"
    line = int(place[1]) - _PREAMBLE.count("\n")
    return one_line(f"line {max(1, line)}: {what}")[:_MESSAGE_LENGTH]
