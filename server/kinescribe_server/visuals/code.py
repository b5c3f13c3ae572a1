"""Listings, coloured by Typst's own highlighter or else by Pygments, with lines in focus."""

from collections.abc import Sequence
from html import escape

from kinescribe_server.engine.protocol import Bench, Made, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Code, LineRange
from kinescribe_server.visuals.code_words import colored_runs, focus_cue
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import canvas_of, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import Theme
from kinescribe_server.visuals.wording import one_line, source_lines

_MAX_CHARACTERS = 20_000
# A picture takes about 30 ms; nobody follows more of them in one scene.
_MAX_STATES = 40
# What is longer could be higher than a page when it is wrapped.
_MAX_LINE = 240
# The scopes of TextMate grammars that each colour of a theme is for.
_SCOPES = {
    "comment": "comment, punctuation.definition.comment",
    "string": "string, punctuation.definition.string, markup.inline.raw, markup.raw",
    "number": "constant.numeric, constant.character, constant.other.color",
    "constant": "constant.language, support.constant, variable.language, entity.other.attribute-name, markup.deleted",
    "keyword": "keyword, storage, keyword.operator.logical, entity.name.tag, markup.heading",
    "function": "entity.name.function, support.function, variable.function, markup.underline.link",
    "type": "entity.name.type, entity.name.class, entity.name.struct, entity.name.enum, entity.name.namespace, "
    "entity.other.inherited-class, support.type, support.class, storage.type.primitive, markup.inserted",
}


def make_code(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, a Code. Raises MakeError (CODE_EMPTY, CODE_TOO_LARGE, THEME_UNKNOWN)."""
    code = request.visual
    if not isinstance(code, Code):
        raise MakeError("VISUAL_MISMATCH", f"a listing was expected, found {type(code).__name__}")
    if len(code.source) > _MAX_CHARACTERS:
        raise MakeError(
            "CODE_TOO_LARGE", f"the listing has {len(code.source):,} characters of {_MAX_CHARACTERS:,} allowed"
        )
    lines = source_lines(code.source)
    if not lines:
        raise MakeError("CODE_EMPTY", "the listing has no lines")
    canvas = canvas_of(request, bench)
    rows = [(number, part) for number, line in enumerate(lines, 1) for part in _parts(line)]
    numbers = [number for number, _ in rows]
    language = one_line(code.language).lower()
    content = {
        "title": one_line(code.title),
        "source": "\n".join(part for _, part in rows),
        # A row that continues the line before has no number.
        "numbers": [0 if index and numbers[index - 1] == number else number for index, number in enumerate(numbers)],
        "language": language,
        "runs": [],
        "code": dict(canvas.theme.code),
        "focus": [
            {"rows": span, "cue": focus_cue(lines, part)} for part in code.focus if (span := _rows_of(part, numbers))
        ],
        "tm_theme": tm_theme(canvas.theme),
        "max_states": _MAX_STATES,
    }
    drawn = draw("code", content, canvas)
    if not drawn.facts["colored"] and (runs := colored_runs(lines, language, _MAX_LINE)):
        drawn = draw("code", {**content, "runs": runs}, canvas)
    seen = {numbers[index] for index in drawn.facts["seen"]}
    return hand_over(drawn, canvas, bench, [*_focus_notices(code, len(lines)), *_hidden_notices(seen, len(lines))])


def _parts(line: str) -> list[str]:
    """A line, or a line that would fill a page in parts."""
    return [line[start : start + _MAX_LINE] for start in range(0, len(line), _MAX_LINE)] or [""]


def _rows_of(part: LineRange, numbers: Sequence[int]) -> list[int]:
    """The first and last row of a range of lines; empty if there is none."""
    rows = [index for index, number in enumerate(numbers) if part.first <= number <= part.last]
    return [rows[0], rows[-1]] if rows else []


def _focus_notices(code: Code, lines: int) -> list[Notice]:
    wrong = [part for part in code.focus if part.first > part.last or part.first > lines or part.last < 1]
    return [
        Notice("FOCUS_OUTSIDE", f"the listing has {lines} lines; there is nothing at lines {part.first} to {part.last}")
        for part in wrong
    ]


def _hidden_notices(seen: set[int], lines: int) -> list[Notice]:
    """Says which lines no state shows: away from every focus, or beyond the most states."""
    hidden = set(range(1, lines + 1)) - seen
    if not hidden:
        return []
    starts = [line for line in sorted(hidden) if line - 1 not in hidden]
    ends = [line for line in sorted(hidden) if line + 1 not in hidden]
    ranges = ", ".join(f"{first} to {last}" for first, last in zip(starts, ends, strict=True))
    return [Notice("CODE_PARTLY_SHOWN", f"the listing does not fit on one page; lines {ranges} are not shown")]


def tm_theme(theme: Theme) -> str:
    """The theme in the format of TextMate, which the highlighter reads."""
    rules = "".join(
        f"<dict><key>scope</key><string>{escape(scopes)}</string><key>settings</key><dict>"
        f"<key>foreground</key><string>{theme.code[name]}</string></dict></dict>"
        for name, scopes in _SCOPES.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict><key>name</key><string>kinescribe</string>'
        "<key>settings</key><array><dict><key>settings</key><dict><key>foreground</key>"
        f"<string>{theme.colors['text']}</string></dict></dict>{rules}</array></dict></plist>"
    )
