"""Which texts a film is made of: files, folders and globs become checked texts and scripts, and everything wrong is
named."""

import glob
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinescribe.script_file import ScriptFile

# The service's limit; checked here as well, so that a mistake is told before anything is started.
MAX_CHARACTERS = 200_000
# A character takes at most four bytes in UTF-8; three more are a byte order mark.
_MAX_BYTES = 4 * MAX_CHARACTERS + 3
_TEXT_SUFFIXES = (".markdown", ".md", ".txt")
# Scripts are named one by one: not every YAML file in a folder is one.
SCRIPT_SUFFIXES = (".yaml", ".yml", ".json")
_MAX_SCRIPT_BYTES = 4 * 3 << 20
STDIN = "-"


@dataclass(frozen=True, slots=True)
class SourceText:
    """A text to make a film of, or a script (its text is then empty). `path` is None for standard input."""

    name: str
    stem: str
    text: str
    path: Path | None
    script: "ScriptFile | None" = None


class BadInputError(Exception):
    """What is wrong with an argument or a text: one thing, or several."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def gather(arguments: Sequence[str]) -> tuple[list[SourceText], list[str]]:
    """The texts behind the arguments, in their order and each once, and everything that is wrong with them."""
    sources: list[SourceText] = []
    problems: list[str] = []
    for path in _once(arguments, problems):
        name = "standard input" if path is None else str(path)
        try:
            sources.append(_source(name, path))
        except BadInputError as error:
            problems += [f"{name}: {problem}" for problem in error.problems]
    return sources, problems


def _source(name: str, path: Path | None) -> SourceText:
    if path is None or path.suffix.lower() not in SCRIPT_SUFFIXES:
        return SourceText(name, path.stem if path else "stdin", read_text(_read(path, _MAX_BYTES)), path)
    return SourceText(name, path.stem, "", path, read_script_file(path))


def read_script_file(path: Path) -> "ScriptFile":
    """The script in a YAML or JSON file. Raises BadInputError with everything that is wrong."""
    from kinescribe.script_file import MAX_CHARACTERS as MOST  # noqa: PLC0415 -- needs protobuf, which --help does not
    from kinescribe.script_file import read_script  # noqa: PLC0415
    from kinescribe.yaml_reader import ScriptFileError  # noqa: PLC0415

    try:
        return read_script(decoded(_read(path, _MAX_SCRIPT_BYTES), _MAX_SCRIPT_BYTES, MOST))
    except ScriptFileError as error:
        raise BadInputError(*map(str, error.problems)) from error


def _once(arguments: Sequence[str], problems: list[str]) -> list[Path | None]:
    """The paths of all arguments, none twice; None is standard input."""
    paths: dict[Path | None, Path | None] = {}
    for argument in arguments:
        if argument == STDIN:
            paths[None] = None
            continue
        try:
            for path in find(argument):
                paths.setdefault(path.resolve(), path)
        except BadInputError as error:
            problems.append(f"{argument}: {error}")
    return list(paths.values())


def find(argument: str) -> list[Path]:
    """The files that an argument means. What exists under that very name is no glob."""
    path = Path(argument)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise BadInputError(f"cannot be read: {error.strerror}") from error
    if is_folder:
        files = _texts_in(path)
        if not files:
            raise BadInputError(f"the folder has no {', '.join(_TEXT_SUFFIXES)} files")
    elif is_there:
        files = [path]
    elif glob.has_magic(argument):
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]  # noqa: PTH207 -- may be absolute
        files = [file for match in matches for file in (_texts_in(match) if match.is_dir() else [match])]
        if not files:
            raise BadInputError("no file matches")
    else:
        raise BadInputError("there is no such file")
    return files


def _texts_in(folder: Path) -> list[Path]:
    """The texts of a folder and the folders in it, without hidden ones."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _TEXT_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _read(path: Path | None, most: int) -> bytes:
    """The bytes of a file or of standard input, up to just above what is allowed."""
    try:
        if path is None:
            if sys.stdin is None:
                raise BadInputError("it is closed")
            return sys.stdin.buffer.read(most + 1)
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}") from error


def read_text(data: bytes) -> str:
    """The text of a file's bytes."""
    text = decoded(data, _MAX_BYTES, MAX_CHARACTERS)
    if not text.strip():
        raise BadInputError("the text is empty")
    if len(text) > MAX_CHARACTERS:
        raise BadInputError(f"the text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are allowed")
    return text


def decoded(data: bytes, most_bytes: int, most_characters: int) -> str:
    """The characters of a file's bytes."""
    if len(data) > most_bytes:
        raise BadInputError(f"the text is longer than the {most_characters:,} characters that are allowed")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at position {error.start:,}"
        raise BadInputError(f"not UTF-8 text: {found}") from error
