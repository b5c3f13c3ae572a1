"""The words of a listing: their colours, for languages that Typst does not know, and those that a focus is spoken of
by."""

import re
from collections.abc import Iterator, Sequence

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType, is_token_subtype
from pygments.util import ClassNotFound

from kinescribe_server.script.model import LineRange

Run = tuple[str, str]

# Kinds of tokens and the colours of a theme that are for them; the first that fits.
_ROLES: tuple[tuple[_TokenType, str], ...] = (
    (Comment.Preproc, "keyword"),
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword.Constant, "constant"),
    (Keyword.Type, "type"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Tag, "keyword"),
    (Name.Class, "type"),
    (Name.Namespace, "type"),
    (Name.Function, "function"),
    (Name.Builtin.Pseudo, "constant"),
    (Name.Builtin, "function"),
    (Name.Constant, "constant"),
    (Name.Attribute, "constant"),
    (Generic.Heading, "keyword"),
    (Generic.Inserted, "type"),
    (Generic.Deleted, "constant"),
)
_DEFINED = re.compile(
    r"\b(?:def|fn|func|fun|function|sub|proc|class|struct|interface|enum|trait|impl|type|message|service|rpc|module|"
    r"let|const|var|val)\s+(?:mut\s+)?([^\W\d]\w*)"
)
_ASSIGNED = re.compile(r"^\s*(?:[\w.]+\.)?([^\W\d]\w*)\s*(?::[^=]*)?[-+*/@]?=(?!=)")
_CALLED = re.compile(r"([^\W\d]\w+)\s*\(")
_WORD_PARTS = re.compile(r"[^\W_A-Z]+|[A-Z]+(?![^\W_A-Z])|[A-Z][^\W_A-Z]*")


def colored_runs(lines: Sequence[str], language: str, longest: int) -> list[list[Run]]:
    """The lines, broken after `longest` characters, in runs of text and the role of their colour; empty if Pygments
    does not know the language either."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return []
    source = "\n".join(lines)
    tokens = list(lexer.get_tokens(source))
    if "".join(value for _, value in tokens) != source:  # a lexer that changes what it reads
        return []
    return [row for line in _by_line(tokens) for row in _broken(line, longest)]


def _by_line(tokens: Sequence[tuple[_TokenType, str]]) -> Iterator[list[Run]]:
    line: list[Run] = []
    for kind, value in tokens:
        first, *others = value.split("\n")
        line.append((first, _role(kind)))
        for other in others:
            yield line
            line = [(other, _role(kind))]
    yield line


def _role(kind: _TokenType) -> str:
    return next((role for known, role in _ROLES if is_token_subtype(kind, known)), "")


def _broken(line: Sequence[Run], longest: int) -> Iterator[list[Run]]:
    row: list[Run] = []
    room = longest
    for words, role in line:
        rest = words
        while len(rest) > room:
            yield [*row, (rest[:room], role)]
            row, rest, room = [], rest[room:], longest
        if rest:
            row.append((rest, role))
            room -= len(rest)
    yield row


def focus_cue(lines: Sequence[str], focus: LineRange) -> str:
    """The name that lines in focus are likely to be introduced by: what they define, assign or call first."""
    part = lines[max(0, focus.first - 1) : focus.last]
    for pattern in (_DEFINED, _ASSIGNED, _CALLED):
        for line in part:
            if found := pattern.search(line):
                return " ".join(_WORD_PARTS.findall(found[1])).lower()
    return ""
