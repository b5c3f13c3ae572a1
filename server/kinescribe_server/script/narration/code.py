"""What is said over code: what it defines, takes and calls. Its signs are never spelled."""

import ast
import json
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, _TokenType, is_token_subtype
from pygments.util import ClassNotFound

from kinescribe_server.script.model import LineRange
from kinescribe_server.script.narration.commands import SHELLS, looks_like_commands, narrate_commands
from kinescribe_server.script.narration.loops import say_loop
from kinescribe_server.script.narration.phrases import listed
from kinescribe_server.script.sentences import count_words
from kinescribe_server.script.spoken_code import say_code
from kinescribe_server.script.text import spoken

# Longer code is not parsed for its description: its first page says what it is, and that takes no more.
_MAX_DESCRIBED = 10_000
_MOST_NAMES = 5
_MAX_COMMENT_WORDS = 30
_DEFINING = frozenset(
    "def fn func fun function class struct interface enum trait type message service rpc module macro sub".split()
)


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences over a piece of code, and the lines that they speak of, in their order."""

    says: tuple[str, ...] = ()
    focus: tuple[LineRange, ...] = ()


def narrate_code(source: str, language: str, *, has_lead: bool = False) -> Told:
    """English sentences that describe a piece of code. With a lead there may be none: "here it is in YAML" adds nothing
    to a sentence that introduces it."""
    focus: tuple[LineRange, ...] = ()
    if len(source) > _MAX_DESCRIBED:
        source = source[:_MAX_DESCRIBED].rsplit("\n", 1)[0]
    if language in {"python", "py", "python3"}:
        described, focus = _python(source)
    elif language in SHELLS or (not language and looks_like_commands(source)):
        described, focus = narrate_commands(source)
    elif not language:
        described, focus = _python(source)
    elif language in {"json", "json5", "jsonc"}:
        described = _json(source)
    else:
        described = ""
    described = described or _definitions(source, language) or ("" if has_lead else _presented(language))
    comments = narrate_comments(source, language)
    focus = focus or comments.focus
    return Told((*filter(None, [described]), *comments.says), focus if len(focus) > 1 else ())


def defined_names(source: str, language: str) -> list[str]:
    """What a piece of code in any language defines, in order, as far as its lexer can tell."""
    names: list[str] = []
    after_keyword = False
    for kind, value in _lexed(source, language):
        if _is(kind, Name.Function) or _is(kind, Name.Class) or (after_keyword and _is(kind, Name)):
            if not _is(kind, Name.Function.Magic) and value not in names:
                names.append(value)
            after_keyword = False
        elif value.strip():
            after_keyword = (_is(kind, Keyword) or _is(kind, Name.Builtin)) and value in _DEFINING
    return names


def language_name(language: str) -> str:
    """The name of a language as it is written, "" for one that is not known."""
    try:
        name: str = get_lexer_by_name(language).name
    except ClassNotFound:
        return ""
    return "" if name in {"Text only", "Output"} else name


def _python(source: str) -> tuple[str, tuple[LineRange, ...]]:
    try:
        with warnings.catch_warnings(action="ignore"):  # the compiler warns of odd escapes in other people's strings
            tree = ast.parse(_without_prompts(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", ()
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if len(functions) == 1 and not classes:
        return _python_function(functions[0])
    if len(classes) == 1 and not functions:
        return _python_class(classes[0])
    if functions or classes:
        parts = [
            f"the {kind}{plural if len(nodes) > 1 else ''} {_names([node.name for node in nodes])}"
            for kind, plural, nodes in (("class", "es", classes), ("function", "s", functions))
            if nodes
        ]
        return f"This Python code defines {listed(parts)}.", tuple(map(_lines, [*classes, *functions]))
    return _python_statements(tree), ()


def _without_prompts(source: str) -> str:
    """The statements of a session; its other lines, which are output, are left empty so that the rest keep theirs."""
    lines = source.split("\n")
    if not any(line.startswith(">>> ") for line in lines):
        return source
    return "\n".join(line[4:] if line.startswith((">>> ", "... ")) else "" for line in lines)


def _lines(node: ast.stmt, end: int | None = None) -> LineRange:
    return LineRange(node.lineno, max(node.lineno, end or node.end_lineno or node.lineno))


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> LineRange:
    return _lines(node, node.body[0].lineno - 1)


def _python_class(node: ast.ClassDef) -> tuple[str, tuple[LineRange, ...]]:
    """'This Python class, Job, has the methods start and stop.'"""
    methods = [
        part
        for part in node.body
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and not part.name.startswith("_")
    ]
    fields = [part for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)]
    kinds = (
        ("field", [part.target.id for part in fields if isinstance(part.target, ast.Name)]),
        ("method", [part.name for part in methods]),
    )
    has = [f"the {kind}{'s' * (len(names) > 1)} {_names(names)}" for kind, names in kinds if names]
    name = say_code(node.name, english=True)
    if not has:
        return f"This Python code defines the class {name}.", ()
    return f"This Python class, {name}, has {listed(has)}.", (_head(node), *map(_lines, [*fields, *methods]))


def _python_function(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, tuple[LineRange, ...]]:
    """'This Python function, descend, takes theta and rate. In a loop, it updates theta. It returns theta.'"""
    arguments = function.args
    taken = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    taken = [name for name in taken if name not in {"self", "cls"}]
    does = [f"takes {_names(taken)}"] if taken else []
    focus = [_head(function)]
    inner = list(ast.walk(function))
    loops = [node for node in inner if isinstance(node, ast.For | ast.While | ast.AsyncFor)]
    ends = [node for node in inner if isinstance(node, ast.Return) and isinstance(node.value, ast.Name)]
    returned = {said for node in ends if isinstance(node.value, ast.Name) and (said := _names([node.value.id]))}
    gives = f"returns {returned.pop()}" if len(returned) == 1 else ""
    if gives and not loops:
        does.append(gives)
    name = say_code(function.name, english=True)
    says = [f"This Python function, {name}, {listed(does)}." if does else f"This Python function is {name}."]
    if loops:
        says += [say_loop(loops[0]), *([f"It {gives}."] if gives else [])]
        focus.append(_lines(loops[0]))
    if gives:
        focus.append(_lines(ends[-1]))
    return " ".join(says), tuple(focus)


def _python_statements(tree: ast.Module) -> str:
    imported: list[str] = []
    called: list[str] = []
    placed = (node for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.expr))
    for node in sorted(placed, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported += [alias.name for alias in node.names if alias.name != "*"]
        elif isinstance(node, ast.Call):
            function = node.func
            called += [function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")]
    does = [f"imports {_names(_unique(imported))}"] if imported else []
    does += [f"calls {_names(_unique(filter(None, called)))}"] if any(called) else []
    if not does:
        assigned = [
            node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        ]
        does += [f"sets {_names(_unique(assigned))}"] if assigned else []
    return f"This Python code {listed(does)}." if does else ""


def _json(source: str) -> str:
    try:
        value = json.loads(source)
    except (ValueError, RecursionError):
        return ""
    if isinstance(value, dict) and value:
        return f"This JSON object has the key{'s' * (len(value) > 1)} {_names(list(value))}."
    return f"This JSON list has {len(value)} entries." if isinstance(value, list) and len(value) > 1 else ""


def _definitions(source: str, language: str) -> str:
    names = defined_names(source, language)
    return f"This {language_name(language)} code defines {_names(names)}." if names else ""


def _presented(language: str) -> str:
    name = language_name(language)
    return f"Here it is in {name}." if name else "Here is the listing."


def narrate_comments(source: str, language: str) -> Told:
    """What the comments on lines of their own say, if it is little; each is about the lines up to the next."""
    lines = [line.strip() for line in source.split("\n")]
    comments = {
        value.strip()
        for kind, value in _lexed(source, language)
        if _is(kind, Comment.Single) and not _is(kind, Comment.Hashbang)
    }
    found = [(number, line.lstrip("/#-;%! ").strip()) for number, line in enumerate(lines, 1) if line in comments]
    told = [(number, text) for number, text in found if count_words(text) > 1 and not _looks_like_code(text)]
    said = [spoken(text.strip(" .,:…")) for _, text in told]
    if not said or count_words(" ".join(said)) > _MAX_COMMENT_WORDS:
        return Told()
    ends = [*(number - 1 for number, _ in told[1:]), len(lines)]
    focus = tuple(LineRange(number, max(number, end)) for (number, _), end in zip(told, ends, strict=True))
    return Told((f"{'The comments say' if len(said) > 1 else 'The comment says'}: {'; '.join(said)}.",), focus)


def _looks_like_code(comment: str) -> bool:
    return any(sign in comment for sign in "{}()[]=;<>|\\`") or bool(
        re.match(r"(?:from|import|return|print)\b", comment)
    )


@lru_cache(maxsize=4)  # one listing is asked for what it defines and for its comments
def _lexed(source: str, language: str) -> Sequence[tuple[_TokenType, str]]:
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ()
    return tuple(lexer.get_tokens(source))


def _is(kind: _TokenType, other: _TokenType) -> bool:
    return bool(is_token_subtype(kind, other))


def _names(names: Sequence[str]) -> str:
    said = [spoken for name in names[:_MOST_NAMES] if (spoken := say_code(name, english=True))]
    more = len(names) - _MOST_NAMES
    return listed([*said, f"{more} more"] if more > 0 else said or ["nothing"])


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
