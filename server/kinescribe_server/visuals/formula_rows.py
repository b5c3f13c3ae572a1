r"""The lines of a formula: where its source breaks them, and which signs of the drawing belong to which.

mathra draws all lines as one row of signs. To tell them apart the formula is typeset a second time with every line in a
colour of its own; the signs are the same in both, in the same order.
"""

import re
from collections.abc import Iterator

# The environments whose lines follow one another. The rows of a matrix are seen together.
_STEPWISE = re.compile(
    r"(?:aligned|alignedat|align|alignat|flalign|gathered|gather|split|multline|multlined|eqnarray|"
    r"cases|dcases|rcases|drcases)\*?"
)
_TOKEN = re.compile(r"\\begin\s*\{([^{}]*)\}|\\end\s*\{[^{}]*\}|\\\\(?:\s*\*)?(?:\s*\[[^\]]*\])?|\\.|[{}&]", re.DOTALL)
# What an environment takes before its first cell: {2} of alignat, [t] of aligned.
_ARGUMENTS = re.compile(r"\s*(?:\[[^\]]*\]\s*)?(?:\{[^{}]*\})?")
_TAKES_NUMBER = re.compile(r"align(?:ed)?at\*?")
# Nobody colours a formula with the darkest blues.
_TAG = "#0000{:02x}"
_TAGGED = re.compile(r"#0000([0-9a-f]{2})")
MAX_ROWS = 40


# The rules between an array's columns, which mathra puts where they do not belong.
_ARRAY = re.compile(r"(\\begin\s*\{(?:array|tabular)\}\s*(?:\[[^\]]*\]\s*)?\{)([^{}]*)\}")
# Lines of three columns, of which the middle one is a sign of relation.
_EQNARRAY = re.compile(r"(\\(?:begin|end)\s*)\{eqnarray(\*?)\}")
_RELATION = re.compile(r"&([^&\\]*|\\[a-zA-Z]+\s*)&")
# A tag is taken as plain text, dollars and all.
_TAG_OF_SIGNS = re.compile(r"\\tag\s*\{([^{}]*\$[^{}]*)\}")


def rewritten(latex: str) -> str:
    """The source without what mathra draws wrongly: rules between columns are left out, the rest is said otherwise."""
    latex = _TAG_OF_SIGNS.sub(r"\\qquad\\text{(\1)}", with_align(latex))
    return _ARRAY.sub(lambda found: found[1] + found[2].replace("|", "") + "}", latex)


def with_align(latex: str) -> str:
    """The source with lines of two columns in place of an eqnarray's of three."""
    if not _EQNARRAY.search(latex):
        return latex
    return _RELATION.sub(r"&\1", _EQNARRAY.sub(r"\1{align\2}", latex))


def breaks_outside(latex: str) -> bool:
    """Whether lines are broken outside of any environment."""
    return _breaks_outside(_tokens(latex))


def has_column_rules(latex: str) -> bool:
    return any("|" in columns for _, columns in _ARRAY.findall(latex))


def with_tagged_rows(latex: str) -> tuple[str, int]:
    """The source with a colour at the start of every cell that says which row it is in, and how many rows there are;
    "" and 1 if it has only one."""
    cells = list(_cells(latex))
    count = max((row for _, row in cells), default=0) + 1
    if not 2 <= count <= MAX_ROWS:
        return "", 1
    parts, end = [], 0
    for start, row in cells:
        parts += [latex[end:start], f"\\color[HTML]{{{tag_of(row)[1:]}}}"]
        end = start
    return "".join([*parts, latex[end:]]), count


def tag_of(row: int) -> str:
    return _TAG.format(row + 1)


def row_of(color: str) -> int | None:
    """The row that a colour says; None for a colour of the user's."""
    found = _TAGGED.fullmatch(color.lower())
    return int(found[1], 16) - 1 if found else None


def _cells(latex: str) -> Iterator[tuple[int, int]]:
    """Where each cell starts, and its row. The lines are those of the first stepwise environment, or of the formula
    itself where it breaks lines outside of any."""
    depth, row = 0, 0
    inside: int | None = None
    tokens = _tokens(latex)
    home = 0 if _breaks_outside(tokens) else None
    if home is not None:
        yield 0, 0
    for part, end, name in tokens:
        if part.startswith(r"\begin") or part == "{":
            depth += 1
            if home is None and inside is None and name and _STEPWISE.fullmatch(name):
                inside = depth
                yield end + _argument_length(name, latex[end:]), 0
        elif part.startswith(r"\end") or part == "}":
            if depth == inside:
                return
            depth -= 1
        elif depth == (home if home is not None else inside) and (part == "&" or part.startswith("\\\\")):
            row += part != "&"
            yield end, row


def _tokens(latex: str) -> list[tuple[str, int, str | None]]:
    return [(found.group(), found.end(), found.group(1)) for found in _TOKEN.finditer(latex)]


def _breaks_outside(tokens: list[tuple[str, int, str | None]]) -> bool:
    depth = 0
    for part, _, _ in tokens:
        depth += (part == "{" or part.startswith(r"\begin")) - (part == "}" or part.startswith(r"\end"))
        if depth == 0 and part.startswith("\\\\"):
            return True
    return False


def _argument_length(name: str, rest: str) -> int:
    if _TAKES_NUMBER.fullmatch(name):
        found = _ARGUMENTS.match(rest)
        return found.end() if found else 0
    found = re.match(r"\s*\[[^\]]*\]", rest)
    return found.end() if found else 0
