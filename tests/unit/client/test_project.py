"""kinescribe.toml and brand files: what is in them, and what is wrong in them."""

from pathlib import Path

import pytest
from PIL import Image

from kinescribe.cli.brand import Brand, read_brand
from kinescribe.cli.film_options import FilmOptions
from kinescribe.cli.picture_files import PictureFile
from kinescribe.cli.project import find_project_file, read_project
from kinescribe.v1 import job_pb2

BRAND = '[colors]\naccent = "#1A73E8"\n\n[fonts]\nheading = "Inter"\n'


def write(folder: Path, content: str, name: str = "kinescribe.toml") -> Path:
    file = folder / name
    file.write_text(content)
    return file


def test_the_nearest_file_is_taken_and_none_above_the_home_folder(tmp_path: Path) -> None:
    home, deep = tmp_path / "home", tmp_path / "home" / "project" / "docs"
    deep.mkdir(parents=True)
    above = write(tmp_path, "")
    assert find_project_file(deep, home) is None
    assert find_project_file(tmp_path / "elsewhere", home) == above
    at_home = write(home, "")
    assert find_project_file(deep, home) == at_home
    assert find_project_file(home, home) == at_home
    nearest = write(deep.parent, "")
    assert find_project_file(deep, home) == nearest


def test_every_option_can_be_set(tmp_path: Path) -> None:
    Image.new("RGB", (64, 32), "#1a73e8").save(tmp_path / "logo.png")
    render = 'voice = "heart"\ntheme = "dark"\nsize = "1280x720"\nlanguage = "de"\nframe_rate = 25\n'
    render += "speaking_rate = 1\ncaptions = false\nstrict = true\n"
    render += 'writer = "offline"\nretention = "30d"\n[lexicon]\nKinescribe = "kinny scribe"\n'
    brand = BRAND.replace("[colors]", "[brand.colors]").replace("[fonts]", "[brand.fonts]")
    options, problems = read_project(write(tmp_path, f'[render]\n{render}\n[brand]\nlogo = "logo.png"\n{brand}'))
    assert problems == []
    logo = PictureFile((tmp_path / "logo.png").resolve(), "image/png")
    assert options == FilmOptions(
        "heart",
        "dark",
        "de",
        "1280x720",
        25,
        1,
        captions=False,
        strict=True,
        brand=Brand({"accent": "#1A73E8"}, {"heading": "Inter"}, logo),
        writer="offline",
        retention="30d",
        lexicon={"Kinescribe": "kinny scribe"},
    )
    assert options.message("picture-1").brand == job_pb2.Brand(
        colors={"accent": "#1A73E8"}, fonts={"heading": "Inter"}, logo_attachment="picture-1"
    )


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = write(tmp_path, '\ufeff[render]\ntheme = "dark"\n')
    assert read_project(file) == (FilmOptions(theme="dark"), [])


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert read_project(write(tmp_path, "")) == (FilmOptions(), [])


def test_every_mistake_is_named_with_file_key_and_what_is_allowed(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        'pitch = 1\nbrand = 7\n[render]\nfps = 30\nframe_rate = true\ntheme = 3\nspeaking_rate = 9\nsize = "1x1"\n'
        'captions = "no"\nvoice = 1979-05-27\n',
    )
    assert read_project(file)[1] == [
        f"{file}: pitch is not known; allowed: render, lexicon, brand",
        f"{file}: [render]: fps is not known; allowed: voice, theme, size, language, frame_rate, speaking_rate, "
        "captions, burn_in, motion, music, strict, writer, retention",
        f"{file}: [render]: frame_rate is true; allowed: a whole number",
        f"{file}: [render]: theme is 3; allowed: a text",
        f'{file}: [render]: captions is "no"; allowed: true or false',
        f"{file}: [render]: voice is a date or a time; allowed: a text",
        f"{file}: brand is 7; allowed: a table, [brand]",
        f"{file}: [render]: size: the width 1 is not possible; allowed: even numbers from 320 to 3840",
        f"{file}: [render]: size: the height 1 is not possible; allowed: even numbers from 320 to 3840",
        f"{file}: [render]: speaking_rate: 9 is not possible; allowed: 0.5 to 2",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[render", ": not TOML: Expected ']'"),
        (b"x = '\xff'", ": not UTF-8 text"),
        (b"x = " + b"[" * 100_000, ": not TOML: "),
    ],
)
def test_what_is_no_toml_is_said_to_be_none(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "kinescribe.toml"
    file.write_bytes(content)
    [found] = read_project(file)[1]
    assert found.startswith(f"{file}{problem}")


def test_a_brand_file_is_read_as_the_table_is(tmp_path: Path) -> None:
    brand, problems = read_brand(write(tmp_path, BRAND, "brand.toml"))
    assert (brand, problems) == (Brand({"accent": "#1A73E8"}, {"heading": "Inter"}), [])


def test_what_is_wrong_in_a_brand_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("No picture.")
    file = write(tmp_path, 'fonts = "Inter"\nink = 1\nlogo = "notes.txt"\n[colors]\naccent = 7\n', "brand.toml")
    assert read_brand(file)[1] == [
        f"{file}: ink is not known; allowed: colors, fonts, logo",
        f"{file}: colors.accent is 7; allowed: a text",
        f'{file}: fonts is "Inter"; allowed: a table of texts by role',
        f'{file}: logo is "notes.txt": it is no picture of a known kind; allowed: PNG, JPEG or WebP, at most 20 MiB',
    ]
    assert read_brand(tmp_path / "gone.toml")[1] == [
        f"{tmp_path / 'gone.toml'}: cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize(
    ("logo", "problem"),
    [
        ('"gone.png"', 'logo is "gone.png": there is no such file'),
        ('"../logo.png"', 'logo is "../logo.png": it is outside the folder'),
        ('"https://example.org/logo.png"', "it is an address"),
        ("7", "logo is 7; allowed: the path of a picture, relative to the file"),
    ],
)
def test_a_logo_is_a_picture_beneath_the_files_folder(tmp_path: Path, logo: str, problem: str) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "logo.png")
    (tmp_path / "brand").mkdir()
    [found] = read_brand(write(tmp_path / "brand", f"logo = {logo}\n", "brand.toml"))[1]
    assert problem in found
