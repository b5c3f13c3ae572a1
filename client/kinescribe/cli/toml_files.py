"""TOML files that people write: what is wrong with one is said with the file, the key, and what is allowed."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Table = Mapping[str, Any]


class BadTomlError(Exception):
    """The file cannot be read; the message names it."""


def read_toml(file: Path) -> Table:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadTomlError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadTomlError(f"{file}: not UTF-8 text") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadTomlError(f"{file}: not TOML: {error}") from error


def unknown_keys(at: str, table: Table, allowed: Iterable[str]) -> list[str]:
    names = list(allowed)
    return [f"{at}: {key} is not known; allowed: {', '.join(names)}" for key in table if key not in names]


def wrong_value(at: str, key: str, value: object, allowed: str) -> str:
    return f"{at}: {key} is {_shown(value)}; allowed: {allowed}"


def _shown(value: object) -> str:
    """A value as TOML has it, or what kind of thing it is."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
        case int() | float():
            return str(value)
        case dict():
            return "a table"
        case list():
            return "an array"
        case _:
            return "a date or a time"
