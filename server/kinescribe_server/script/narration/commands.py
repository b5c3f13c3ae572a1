"""What is said over shell commands: the commands themselves where they are few and short, else what is run."""

import re

from kinescribe_server.script.model import LineRange
from kinescribe_server.script.narration.phrases import listed
from kinescribe_server.script.sentences import count_words
from kinescribe_server.script.spoken_code import say_code

SHELLS = frozenset("sh bash zsh shell console shell-session sh-session shellsession terminal".split())
# Programs by which a listing without a language is known to be commands.
_PROGRAMS = frozenset(
    "apt apt-get brew cargo cd conda curl docker export git go kubectl make mkdir node npm npx pip pip3 pipx poetry "
    "python python3 sudo uv uvx wget yarn".split()
)
_REDIRECTION = re.compile(r"\s(?:[12]?>{1,2}|<|\|)\s")
_MAX_COMMANDS = 3
_MAX_COMMAND_WORDS = 10
_MOST_PROGRAMS = 5


def narrate_commands(source: str) -> tuple[str, tuple[LineRange, ...]]:
    """'Run pip install kinescribe. Then run kinescribe serve.', and the lines of the commands that are said one by one;
    "" if there is no command in it."""
    numbered = _commands(source)
    commands = [command for _, command in numbered]
    said = [say_code(_REDIRECTION.sub(_direction, command), english=True) for command in commands]
    if 0 < len(said) <= _MAX_COMMANDS and all(0 < count_words(words) <= _MAX_COMMAND_WORDS for words in said):
        focus = tuple(LineRange(number, number) for number, _ in numbered)
        return f"Run {said[0]}." + "".join(f" Then run {words}." for words in said[1:]), focus
    programs = list(dict.fromkeys(filter(None, (say_code(command.split()[0], english=True) for command in commands))))
    if not programs:
        return "", ()
    more = len(programs) - _MOST_PROGRAMS
    named = listed([*programs[:_MOST_PROGRAMS], f"{more} more"] if more > 0 else programs)
    return f"{'These commands run' if len(commands) > 1 else 'This command runs'} {named}.", ()


def looks_like_commands(source: str) -> bool:
    """Whether a listing without a language is one of shell commands."""
    first = next((line.split() for line in source.split("\n") if line.strip() and not line.startswith("#")), [])
    return bool(first) and (first[0] == "$" or (first[0] in _PROGRAMS and len(first) > 1))


def _direction(found: re.Match[str]) -> str:
    return " from " if "<" in found[0] else " into "


def _commands(source: str) -> list[tuple[int, str]]:
    """The commands in a listing and their first lines; in a session with prompts the other lines are output."""
    lines: list[tuple[int, str]] = []
    number = 1
    for line in source.replace("\\\n", "\x00").split("\n"):
        lines.append((number, line.replace("\x00", " ").strip()))
        number += 1 + line.count("\x00")
    if any(line.startswith("$ ") for _, line in lines):
        lines = [(number, line[2:].strip()) for number, line in lines if line.startswith("$ ")]
    return [(number, line.split(" #")[0].strip()) for number, line in lines if line and not line.startswith("#")]
