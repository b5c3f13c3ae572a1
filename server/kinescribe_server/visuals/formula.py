"""Formulas in LaTeX's mathematical language, drawn by mathra without a TeX installation, line by line."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import mathra

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.visuals.formula_page import Words, formula_source, on_page
from kinescribe_server.visuals.formula_rows import has_column_rules, rewritten
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.wording import one_line

_COLUMN = re.compile(r"^column (\d+): ")


def make_formula(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Formula. Raises MakeError (FORMULA_INVALID, FORMULA_TOO_LARGE, THEME_UNKNOWN)."""
    source = formula_source(request)
    _typeset(source)  # what is wrong is told of what the user wrote
    left_out = Notice("FORMULA_SIMPLIFIED", "the rules between the columns of an array are not drawn")
    return on_page(rewritten(source), _Mathra(), request, bench, *([left_out] if has_column_rules(source) else []))


def words_of(latex: str) -> Words:
    """A formula in words; without speech where mathra does not understand all of it."""
    try:
        result: Mapping[str, Any] = _typeset(rewritten(latex))
    except MakeError:
        return Words(one_line(latex), "")
    return Words(result["text"], result["speech"])


class _Mathra:
    """Implements Typesetter."""

    units_per_em = 1000.0

    def svg(self, latex: str) -> str:
        return str(_typeset(latex)["svg"])

    def words(self, latex: str) -> Words:
        return words_of(latex)


@functools.lru_cache(maxsize=4)  # for its picture and for its words
def _typeset(source: str) -> Mapping[str, Any]:
    try:
        result: Mapping[str, Any] = mathra.render(source)
    except ValueError as error:
        raise MakeError("FORMULA_INVALID", one_line(str(error))) from error
    # mathra draws broken LaTeX as far as it goes and says so; half a formula is a wrong formula.
    if result["warnings"]:
        problems = "; ".join(_problem(warning["description"], source) for warning in result["warnings"][:3])
        raise MakeError("FORMULA_INVALID", one_line(problems))
    return result


def _problem(description: str, source: str) -> str:
    """What mathra found, with its line where there are several, without what it did about it."""
    what = description.rpartition("; ")[0] or description
    found = _COLUMN.match(what)
    if not found:
        return what
    before = source[: int(found[1]) - 1]
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}: {what[found.end() :]}"
