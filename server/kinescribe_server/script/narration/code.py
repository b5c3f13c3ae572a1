"""What is said over code: what it defines, takes and calls. Its signs are never spelled."""

import ast
import json
from collections.abc import Iterable, Sequence

from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Token
from pygments.util import ClassNotFound

from kinescribe_server.script.narration.phrases import listed
from kinescribe_server.script.sentences import count_words
from kinescribe_server.script.spoken_code import say_code

# Longer code is not parsed for its description: its first page says what it is, and that takes no more.
_MAX_DESCRIBED = 10_000
_MOST_NAMES = 5
_MAX_COMMENT_WORDS = 30
_SHELLS = frozenset("sh bash zsh shell console shell-session sh-session".split())
_MAX_COMMAND_WORDS = 9
_DEFINING = frozenset(
    "def fn func fun function class struct interface enum trait type message service rpc module macro procedure sub".split()
)


def narrate_code(source: str, language: str) -> list[str]:
    """English sentences that describe a piece of code."""
    if len(source) > _MAX_DESCRIBED:
        source = source[:_MAX_DESCRIBED].rsplit("\n", 1)[0]
    if language in {"python", "py", "python3"}:
        described = _python(source)
    elif language in _SHELLS:
        described = _shell(source)
    elif language in {"json", "json5", "jsonc"}:
        described = _json(source)
    else:
        described = ""
    return [described or _any_language(source, language), *_comments(source, language)]


def defined_names(source: str, language: str) -> list[str]:
    """What a piece of code in any language defines, in order, as far as its lexer can tell."""
    names: list[str] = []
    after_keyword = False
    for kind, value in _lexed(source, language):
        if kind in Name.Function or kind in Name.Class or (after_keyword and kind in Name):
            if kind not in Name.Function.Magic and value not in names:
                names.append(value)
            after_keyword = False
        elif value.strip():
            after_keyword = (kind in Keyword or kind in Name.Builtin) and value in _DEFINING
    return names


def language_name(language: str) -> str:
    """The name of a language as it is written, "" for one that is not known."""
    try:
        name: str = get_lexer_by_name(language).name
    except ClassNotFound:
        return ""
    return "" if name in {"Text only", "Output"} else name


def _python(source: str) -> str:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    if len(functions) == 1 and not classes:
        return _python_function(functions[0])
    if len(classes) == 1 and not functions:
        methods = [node.name for node in classes[0].body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        public = [name for name in methods if not name.startswith("_")]
        has = f", has the method{'s' * (len(public) > 1)} {_names(public)}" if public else ""
        return f"This Python class, {say_code(classes[0].name, english=True)}{has}.".replace(", has", " has", 0)
    if functions or classes:
        parts = [
            f"the {kind}{plural if len(nodes) > 1 else ''} {_names([node.name for node in nodes])}"
            for kind, plural, nodes in (("class", "es", classes), ("function", "s", functions))
            if nodes
        ]
        return f"This Python code defines {listed(parts)}."
    return _python_statements(tree)


def _python_function(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """'This Python function, descend, takes theta and rate, works in a loop and returns theta.'"""
    arguments = function.args
    taken = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    taken = [name for name in taken if name not in {"self", "cls"}]
    does = [f"takes {_names(taken)}"] if taken else []
    inner = list(ast.walk(function))
    if any(isinstance(node, ast.For | ast.While | ast.AsyncFor) for node in inner):
        does.append("works in a loop")
    returned = {node.value.id for node in inner if isinstance(node, ast.Return) and isinstance(node.value, ast.Name)}
    if len(returned) == 1:
        does.append(f"returns {say_code(returned.pop(), english=True)}")
    name = say_code(function.name, english=True)
    return f"This Python function, {name}, {listed(does)}." if does else f"This Python function is {name}."


def _python_statements(tree: ast.Module) -> str:
    imported: list[str] = []
    called: list[str] = []
    for node in ast.walk(tree):
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
        assigned = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        does += [f"sets {_names(_unique(assigned))}"] if assigned else []
    return f"This Python code {listed(does)}." if does else ""


def _shell(source: str) -> str:
    """'Run: pip install kinescribe. Then: kinescribe serve.' or, for longer ones, which programs are run."""
    lines = [line.strip().removeprefix("$ ").removeprefix("> ") for line in source.replace("\\\n", " ").split("\n")]
    commands = [line.split(" #")[0] for line in lines if line and not line.startswith("#")]
    said = [say_code(command, english=True) for command in commands]
    if 0 < len(said) <= 3 and all(said) and all(count_words(command) <= _MAX_COMMAND_WORDS for command in said):
        return f"Run: {said[0]}." + "".join(f" Then: {command}." for command in said[1:])
    programs = _unique(say_code(command.split()[0], english=True) for command in commands if command.split())
    return f"These commands run {_names(list(filter(None, programs)))}." if any(programs) else ""


def _json(source: str) -> str:
    try:
        value = json.loads(source)
    except (ValueError, RecursionError):
        return ""
    if isinstance(value, dict) and value:
        return f"This JSON object has the key{'s' * (len(value) > 1)} {_names(list(value))}."
    return f"This JSON list has {len(value)} entries." if isinstance(value, list) and len(value) > 1 else ""


def _any_language(source: str, language: str) -> str:
    name = language_name(language)
    names = defined_names(source, language)
    if names:
        return f"This {name} code defines {_names(names)}."
    return f"Here it is in {name}." if name else "Here is the listing."


def _comments(source: str, language: str) -> list[str]:
    """What the comments that stand on lines of their own say, if it is little."""
    lines = {line.strip() for line in source.split("\n")}
    found = [value.strip() for kind, value in _lexed(source, language) if kind in Comment.Single and kind not in Comment.Hashbang]
    comments = [value.lstrip("/#-;%! ").strip() for value in found if value in lines]
    spoken = [comment.rstrip(".:") for comment in comments if count_words(comment) > 1 and not _looks_like_code(comment)]
    if not spoken or count_words(" ".join(spoken)) > _MAX_COMMENT_WORDS:
        return []
    return [f"{'Its comments say' if len(spoken) > 1 else 'Its comment says'}: {'; '.join(spoken)}."]


def _looks_like_code(comment: str) -> bool:
    return any(sign in comment for sign in "{}()[]=;<>|\\`")


def _lexed(source: str, language: str) -> Iterable[tuple[type[Token], str]]:  # type: ignore[valid-type]
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ()
    return lexer.get_tokens(source)  # type: ignore[no-any-return]


def _names(names: Sequence[str]) -> str:
    said = [spoken for name in names[:_MOST_NAMES] if (spoken := say_code(name, english=True))]
    more = len(names) - _MOST_NAMES
    return listed([*said, f"{more} more"] if more > 0 else said or ["nothing"])


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
