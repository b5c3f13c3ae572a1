"""What of a DVI file goes on to the program that draws it."""

import struct

import pytest

from kinescribe_server.visuals.tex_dvi import with_colors_only

_UNITS = struct.pack(">3I", 25_400_000, 473_628_672, 1000)
_PREAMBLE = b"\xf7\x02" + _UNITS + b"\x04Text"
_FONT = b"\xf3\x00" + struct.pack(">III", 0, 655_360, 655_360) + b"\x00\x05cmr10"


def special(text: bytes) -> bytes:
    return b"\xef" + bytes([len(text)]) + text


def dvi(page: bytes, pages: int = 1) -> bytes:
    body, last = _PREAMBLE, -1
    for _ in range(pages):
        begin = len(body)
        body += b"\x8b" + bytes(40) + struct.pack(">i", last) + page + b"\x8c"
        last = begin
    post = len(body)
    body += b"\xf8" + struct.pack(">i", last) + _UNITS + bytes(8) + struct.pack(">HH", 1, pages) + _FONT
    return body + b"\xf9" + struct.pack(">i", post) + b"\x02" + b"\xdf" * 4


def test_colours_stay_and_everything_else_that_a_special_says_is_blank() -> None:
    colors = special(b"color push rgb 1 0 .5") + special(b"color push gray 0") + special(b"color pop")
    programs = (b"ps: (x) (w) file", b"dvisvgm:raw <g/>", b"color push rgb 1 0 0 ps: x", b"background gray 0", b"!x")
    page = _FONT + b"\xab" + colors + b"A\x84" + bytes(8) + b"\x8f\x7f" + b"".join(map(special, programs)) + b"B"

    cleaned = with_colors_only(dvi(page))

    assert len(cleaned) == len(dvi(page))
    assert cleaned == dvi(
        page[: page.index(b"ps: (x)") - 2] + b"".join(special(b" " * len(p)) for p in programs) + b"B"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_specials_of_every_length_are_found(size: int) -> None:
    text = b"ps: " + b"x" * 60
    page = bytes([238 + size]) + len(text).to_bytes(size) + text

    assert b"ps:" not in with_colors_only(dvi(page))


def _hidden() -> bytes:
    """A file whose end leads into the middle of its first page, where another page is hidden in a font's name."""
    inner = b"\x8b" + bytes(40) + struct.pack(">i", -1) + special(b"ps: x") + b"\x8c"
    whole = dvi(b"\xf3\x00" + bytes(12) + b"\x00" + bytes([len(inner)]) + inner)
    post = whole.rindex(b"\xf8", 0, len(whole) - 20)
    place = whole.index(inner)
    return whole[: post + 1] + struct.pack(">i", place) + whole[post + 5 :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.5",
        dvi(b"A")[:-20],
        dvi(b"A")[:40],
        dvi(b"A", pages=2),
        dvi(b"A").replace(_PREAMBLE, b"\xf7\x03" + _PREAMBLE[2:]),
        dvi(b"\xfa"),
        dvi(b"\xf8"),
        dvi(b"\xf2\xff\xff\xff\xffps:"),
        dvi(b"A") + special(b"ps: x") + b"\xdf" * 4,
        _hidden(),
    ],
    ids=range(11),
)
def test_what_another_reader_could_read_otherwise_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="DVI"):
        with_colors_only(data)
