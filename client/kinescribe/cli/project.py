"""kinescribe.toml: what a project's films have in common."""

from pathlib import Path
from typing import Any

from kinescribe.cli.brand import brand_of
from kinescribe.cli.film_options import FilmOptions
from kinescribe.cli.sound_files import SoundFile, find_sound
from kinescribe.cli.toml_files import BadTomlError, Table, read_toml, unknown_keys, wrong_value

FILE_NAME = "kinescribe.toml"

# The keys of [render]: what TOML must give, and how that is said.
_TEXT, _YES_OR_NO = ((str,), "a text"), ((bool,), "true or false")
_KEYS: dict[str, tuple[tuple[type, ...], str]] = {
    "voice": _TEXT,
    "theme": _TEXT,
    "size": ((str,), 'a text, for example "1920x1080"'),
    "language": _TEXT,
    "frame_rate": ((int,), "a whole number"),
    "speaking_rate": ((int, float), "a number"),
    "captions": _YES_OR_NO,
    "burn_in": _YES_OR_NO,
    "motion": _YES_OR_NO,
    "music": ((str,), "the path of a file, relative to this one"),
    "strict": _YES_OR_NO,
    "writer": _TEXT,
    "retention": ((str,), 'a text, for example "7d"'),
}


def find_project_file(folder: Path, home: Path) -> Path | None:
    """The settings of a folder: the first kinescribe.toml in it or above it, no higher than the home folder."""
    for place in (folder, *folder.parents):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME
        if place == home:
            break
    return None


def read_project(file: Path) -> tuple[FilmOptions, list[str]]:
    """The options of a kinescribe.toml, and what is wrong with it."""
    try:
        content = read_toml(file)
    except BadTomlError as error:
        return FilmOptions(), [str(error)]
    problems = unknown_keys(str(file), content, ("render", "lexicon", "brand"))
    values = _render_values(_table(content, "render", file, problems), f"{file}: [render]", problems)
    if "music" in values:
        values["music"] = _music(values["music"], file, problems)
    values["lexicon"] = _lexicon(_table(content, "lexicon", file, problems), f"{file}: [lexicon]", problems)
    if "brand" in content:
        brand, found = brand_of(_table(content, "brand", file, problems), f"{file}: [brand]", file.parent)
        values["brand"] = brand
        problems += found
    options = FilmOptions(**values)
    problems += [f"{file}: [render]: {key}: {problem}" for key, problem in options.faults()]
    return options, problems


def _music(name: str, file: Path, problems: list[str]) -> SoundFile | None:
    try:
        return find_sound(file.parent / name)
    except ValueError as error:
        problems.append(f"{file}: [render]: music: {error}")
        return None


def _lexicon(table: Table, at: str, problems: list[str]) -> dict[str, str]:
    """How words are said."""
    said = {word: how for word, how in table.items() if isinstance(how, str)}
    expected = "how it is said, in plain letters"
    problems += [wrong_value(at, word, how, expected) for word, how in table.items() if word not in said]
    return said


def _table(content: Table, key: str, file: Path, problems: list[str]) -> Table:
    given = content.get(key, {})
    if isinstance(given, dict):
        return given
    problems.append(wrong_value(str(file), key, given, f"a table, [{key}]"))
    return {}


def _render_values(table: Table, at: str, problems: list[str]) -> dict[str, Any]:
    """The values of the right kind, by the names of FilmOptions."""
    problems += unknown_keys(at, table, _KEYS)
    known = {key: value for key, value in table.items() if key in _KEYS}
    problems += [wrong_value(at, key, value, _KEYS[key][1]) for key, value in known.items() if not _fits(key, value)]
    return {key: value for key, value in known.items() if _fits(key, value)}


def _fits(key: str, value: object) -> bool:
    kinds = _KEYS[key][0]
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))  # to Python, true is a number
