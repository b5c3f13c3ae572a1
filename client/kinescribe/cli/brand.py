"""A user's brand: the colours, fonts and logo of a file or of the table [brand] in kinescribe.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kinescribe.cli.picture_files import PictureError, PictureFile, find
from kinescribe.cli.toml_files import BadTomlError, Table, read_toml, unknown_keys, wrong_value

if TYPE_CHECKING:
    from kinescribe.v1 import job_pb2


@dataclass(frozen=True, slots=True)
class Brand:
    """Colours and font families by their role. Which roles, colours and families there are the service knows."""

    colors: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo: PictureFile | None = None

    def message(self, logo_attachment: str = "") -> "job_pb2.Brand":
        """The brand as the service takes it, with the name under which its logo was uploaded."""
        from kinescribe.v1 import job_pb2  # noqa: PLC0415 -- not needed for --help

        return job_pb2.Brand(colors=self.colors, fonts=self.fonts, logo_attachment=logo_attachment)


def read_brand(file: Path) -> tuple[Brand, list[str]]:
    """The brand of a file, and what is wrong with it."""
    try:
        return brand_of(read_toml(file), str(file), file.parent)
    except BadTomlError as error:
        return Brand(), [str(error)]


def brand_of(table: Table, at: str, folder: Path) -> tuple[Brand, list[str]]:
    """The brand of a table, which problems call `at`; its logo is beneath the folder."""
    problems = unknown_keys(at, table, ("colors", "fonts", "logo"))
    colors, fonts = _texts(table, "colors", at, problems), _texts(table, "fonts", at, problems)
    return Brand(colors, fonts, _logo(table, at, folder, problems)), problems


def _texts(table: Table, key: str, at: str, problems: list[str]) -> dict[str, str]:
    """The texts by role of a table in the table."""
    given = table.get(key, {})
    if not isinstance(given, dict):
        problems.append(wrong_value(at, key, given, "a table of texts by role"))
        return {}
    problems += [
        wrong_value(at, f"{key}.{role}", value, "a text") for role, value in given.items() if not isinstance(value, str)
    ]
    return {role: value for role, value in given.items() if isinstance(value, str)}


def _logo(table: Table, at: str, folder: Path, problems: list[str]) -> PictureFile | None:
    given = table.get("logo")
    if given is None:
        return None
    if not isinstance(given, str):
        problems.append(wrong_value(at, "logo", given, "the path of a picture, relative to the file"))
        return None
    try:
        return find(given, folder)
    except PictureError as error:
        problems.append(f'{at}: logo is "{given}": {error}')
        return None
