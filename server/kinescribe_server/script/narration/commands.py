"""What is said over shell commands: the commands themselves where they are few and short, else what is run."""

import re

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


def narrate_commands(source: str) -> str:
    """'Run pip install kinescribe. Then run kinescribe serve.'; "" if there is no command in it."""
    commands = _commands(source)
    said = [say_code(_REDIRECTION.sub(_direction, command), english=True) for command in commands]
    if 0 < len(said) <= _MAX_COMMANDS and all(0 < count_words(words) <= _MAX_COMMAND_WORDS for words in said):
        return f"Run {said[0]}." + "".join(f" Then run {words}." for words in said[1:])
    programs = list(dict.fromkeys(filter(None, (say_code(command.split()[0], english=True) for command in commands))))
    if not programs:
        return ""
    more = len(programs) - _MOST_PROGRAMS
    named = listed([*programs[:_MOST_PROGRAMS], f"{more} more"] if more > 0 else programs)
    return f"{'These commands run' if len(commands) > 1 else 'This command runs'} {named}."


def looks_like_commands(source: str) -> bool:
    """Whether a listing without a language is one of shell commands."""
    first = next((line.split() for line in source.split("\n") if line.strip() and not line.startswith("#")), [])
    return bool(first) and (first[0] == "$" or (first[0] in _PROGRAMS and len(first) > 1))


def _direction(found: re.Match[str]) -> str:
    return " from " if "<" in found[0] else " into "


def _commands(source: str) -> list[str]:
    """The commands in a listing; in a session with prompts the other lines are output."""
    lines = [line.strip() for line in source.replace("\\\n", " ").split("\n")]
    if any(line.startswith("$ ") for line in lines):
        lines = [line[2:].strip() for line in lines if line.startswith("$ ")]
    return [line.split(" #")[0].strip() for line in lines if line and not line.startswith("#")]
