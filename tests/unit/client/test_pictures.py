"""Which pictures a text names, and which of them may be read."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from kinescribe.cli.inputs import SourceText
from kinescribe.cli.picture_files import MAX_BYTES, PictureFile
from kinescribe.cli.pictures import NamedPicture, Pictures, named_pictures, pictures_of


def picture(kind: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "#1a73e8").save(data, kind)
    return data.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a text, with pictures in it and one outside."""
    folder = tmp_path / "text"
    (folder / "img").mkdir(parents=True)
    (folder / "img" / "a.png").write_bytes(picture("PNG"))
    (folder / "my picture.dat").write_bytes(picture("JPEG"))
    (folder / "größe.webp").write_bytes(picture("WEBP"))
    (tmp_path / "secret.png").write_bytes(picture("PNG"))
    return folder


def look(folder: Path, text: str) -> Pictures:
    return pictures_of(SourceText("a.md", "a", text, folder / "a.md"))


def test_every_way_of_naming_a_picture_is_understood_with_its_line() -> None:
    text = "\n".join(
        [
            "# Title ![one](one.png)",
            "",
            "Words ![two](two.png 'a title') and",
            "more ![three][ref] and <img alt='x' src='four.png'>",
            "",
            '<p align="center">',
            '  <img src="five.png?raw=true" width="80">',
            "</p>",
            "",
            "> - ![six](<my six.png>)",
            "",
            "| a |",
            "|---|",
            "| ![seven](gr%C3%B6%C3%9Fe.png) |",
            "",
            "[ref]: three.png",
        ]
    )
    assert named_pictures(text) == [
        NamedPicture("one.png", 1),
        NamedPicture("two.png", 3),
        NamedPicture("three.png", 4),
        NamedPicture("four.png", 4),
        NamedPicture("five.png?raw=true", 7),
        NamedPicture("my six.png", 10),
        NamedPicture("größe.png", 14),
    ]


def test_what_only_looks_like_a_picture_is_none() -> None:
    text = "`![a](a.png)` and \\![b](b.png)\n\n```\n![c](c.png)\n```\n\n<!-- ![d](d.png) <img src='d.png'> -->\n"
    text += "\n![](<>)"
    assert named_pictures(text) == []


def test_a_picture_is_known_by_its_first_bytes_and_not_by_its_name(folder: Path) -> None:
    (folder / "words.png").write_text("These are words.")
    (folder / "moving.gif").write_bytes(picture("GIF"))
    found = look(folder, "![](img/a.png) ![](my%20picture.dat) ![](größe.webp)\n![](words.png) ![](moving.gif)")
    assert found.files == {
        "img/a.png": PictureFile((folder / "img" / "a.png").resolve(), "image/png"),
        "my picture.dat": PictureFile((folder / "my picture.dat").resolve(), "image/jpeg"),
        "größe.webp": PictureFile((folder / "größe.webp").resolve(), "image/webp"),
    }
    assert found.problems == []
    assert found.warnings == [
        f'a.md:2: picture "{name}" is not shown: it is no picture of a known kind; '
        "allowed: PNG, JPEG or WebP, at most 20 MiB"
        for name in ("words.png", "moving.gif")
    ]


def test_a_picture_that_is_too_large_is_not_shown(folder: Path) -> None:
    with (folder / "large.png").open("wb") as file:
        file.write(picture("PNG"))
        file.truncate(MAX_BYTES + 1)
    [warning] = look(folder, "![](large.png)").warnings
    assert warning.endswith("it has 20.0 MiB; allowed: PNG, JPEG or WebP, at most 20 MiB")


def test_a_missing_picture_has_to_be_mended(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")  # opening it would wait for ever
    (folder / "loop.png").symlink_to("loop.png")
    found = look(folder, "One.\n\nTwo ![](gone.png)\n![](img) ![](pipe.png)\n![](loop.png) ![](a%00b.png)")
    assert (found.files, found.warnings) == ({}, [])
    assert found.problems[:3] == [
        'a.md:3: picture "gone.png": there is no such file',
        'a.md:4: picture "img": there is no such file',
        'a.md:4: picture "pipe.png": there is no such file',
    ]
    assert [problem.split(": ")[1] for problem in found.problems[3:]] == ['picture "loop.png"', 'picture "a\0b.png"']


def test_nothing_outside_the_texts_folder_is_read(folder: Path) -> None:
    (folder / "link.png").symlink_to("../secret.png")
    (folder / "up").symlink_to("..")
    (folder / "inside.png").symlink_to("img/a.png")
    secret = folder.parent / "secret.png"
    names = ["../secret.png", "img/../../secret.png", "%2e%2e/%73ecret.png?", str(secret), f"file://{secret}"]
    names += ["link.png", "up/secret.png", "//host/a.png", "https://example.org/a.png", "C:\\\\a.png"]
    found = look(folder, "\n".join(f"![]({name})" for name in names) + "\n\n![](inside.png) ![](img/../img/a.png)")
    assert found.problems == []
    assert set(found.files) == {"inside.png", "img/../img/a.png"}
    assert [warning.split(":")[1] for warning in found.warnings] == [str(line + 1) for line in range(len(names))]
    assert all("is not shown: it" in warning for warning in found.warnings)


def test_a_picture_in_the_text_itself_is_refused_and_not_repeated_whole(folder: Path) -> None:
    [warning] = look(folder, f"![](data:image/png;base64,{'A' * 5_000})").warnings
    assert len(warning) < 250
    assert "it is an address" in warning


def test_a_badge_is_no_picture_of_the_text(folder: Path) -> None:
    badges = "[![b](https://example.org/b.svg)](x)\n<a href='x'><img src='https://example.org/c.svg'></a>\n"
    block = "\n<p><a href='x'><img src='http://example.org/d.svg'></a></p>\n\n"
    assert look(folder, badges + block) == Pictures()
    found = look(folder, badges + "[![](img/a.png)](x)\n\n![](https://example.org/b.svg)")
    assert list(found.files) == ["img/a.png"]
    assert [warning.split(" is ")[0] for warning in found.warnings] == [
        'a.md:5: picture "https://example.org/b.svg"',
    ]


def test_what_follows_a_question_mark_is_left_out_unless_a_file_is_named_so(folder: Path) -> None:
    (folder / "img" / "b.png?x").write_bytes(picture("PNG"))
    found = look(folder, "![](img/a.png?raw=true) ![](img/a.png#dark) ![](img/b.png?x)")
    assert [file.path.name for file in found.files.values()] == ["a.png", "a.png", "b.png?x"]
    assert (found.warnings, found.problems) == ([], [])


def test_standard_input_has_no_folder() -> None:
    found = pictures_of(SourceText("standard input", "stdin", "![](a.png)", None))
    assert found.files == {}
    assert found.warnings == [
        'standard input:1: picture "a.png" is not shown: a text from standard input has no folder to read pictures from'
    ]


def test_the_number_of_pictures_has_a_limit(folder: Path) -> None:
    for number in range(201):
        (folder / f"{number}.png").write_bytes(picture("PNG"))
    found = look(folder, "\n".join(f"![]({number}.png)" for number in range(201)))
    assert found.problems == ["a.md: names 201 pictures; at most 200 are allowed"]


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ["<!-- ", "<img ", "<div>\n<!--", "a <img src=x ", "![", "![a](", "![a][b] "])
def test_a_hostile_text_takes_no_time(part: str) -> None:
    named_pictures(part * 10_000 + "![a](a.png)")
