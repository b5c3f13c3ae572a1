"""Formulas in LaTeX's mathematical language, drawn by mathra without a TeX installation."""

import mathra

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Formula
from kinescribe_server.visuals.drawing import Drawing, safe_drawing
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import theme_named
from kinescribe_server.visuals.wording import one_line, plain_source

# 40,000 characters make an SVG of 6 MB; nobody reads more than this on one page.
_MAX_CHARACTERS = 2_000
# mathra's drawings have 1000 units to the em.
_UNITS_PER_EM = 1000
# The em of a short formula, and the smallest that is still read, in design pixels.
_LARGEST_EM = 170.0
_SMALLEST_EM = 28.0
# A formula in smaller letters than this is refused.
_UNREADABLE_EM = 10.0


def make_formula(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Formula. Raises MakeError (FORMULA_INVALID, FORMULA_TOO_LARGE, THEME_UNKNOWN)."""
    formula = request.visual
    if not isinstance(formula, Formula):
        raise MakeError("VISUAL_MISMATCH", f"a formula was expected, found {type(formula).__name__}")
    if len(formula.latex) > _MAX_CHARACTERS:
        raise MakeError(
            "FORMULA_TOO_LARGE", f"the formula has {len(formula.latex):,} characters of {_MAX_CHARACTERS:,} allowed"
        )
    canvas = Canvas(theme_named(request.theme), request.width, request.height, request.language)
    drawing, words = _typeset(formula.latex, canvas.theme.colors["text"])
    content = {
        "title": one_line(formula.title),
        "svg": drawing.svg,
        "natural_width": drawing.width / _UNITS_PER_EM,
        "natural_height": drawing.height / _UNITS_PER_EM,
        "max_scale": _LARGEST_EM,
        "labels": words,
        "text_size": 1,
    }
    _check_width(drawing, canvas)
    drawn = draw("picture", content, canvas)
    return hand_over(drawn, canvas, bench, _notices(drawn.facts["scale"] / canvas.unit))


def _typeset(latex: str, color: str) -> tuple[Drawing, str]:
    source = plain_source(latex).strip()
    if not source:
        raise MakeError("FORMULA_INVALID", "the formula is empty")
    try:
        result = mathra.render(source)
        drawing = safe_drawing(result["svg"].replace("currentColor", color), _UNITS_PER_EM)
    except (ValueError, SyntaxError) as error:  # ElementTree's ParseError is a SyntaxError
        raise MakeError("FORMULA_INVALID", one_line(str(error))) from error
    # mathra draws broken LaTeX as far as it goes and says so; half a formula is a wrong formula.
    if result["warnings"]:
        problems = "; ".join(warning["description"].partition("; ")[0] for warning in result["warnings"][:3])
        raise MakeError("FORMULA_INVALID", one_line(problems))
    return drawing, one_line(result["text"])


def _check_width(drawing: Drawing, canvas: Canvas) -> None:
    em = canvas.width / drawing.width * _UNITS_PER_EM / canvas.unit
    if em < _UNREADABLE_EM:
        raise MakeError(
            "FORMULA_TOO_LARGE",
            f"the formula is {drawing.width / _UNITS_PER_EM:,.0f} em wide, which cannot be read on one page; "
            r"break it into lines with \\ in an aligned environment",
        )


def _notices(em: float) -> tuple[Notice, ...]:
    if em >= _SMALLEST_EM:
        return ()
    return (
        Notice("FORMULA_SMALL", f"the formula is wide: its letters are {em:.0f} pixels at 1080p; break it into lines"),
    )
