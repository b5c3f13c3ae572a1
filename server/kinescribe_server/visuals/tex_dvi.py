"""A DVI file with nothing in it but signs, rules and colours.

Specials are messages from a document to whatever draws it, and can be programs: dvisvgm runs PostScript, which reads
and writes files. They are blanked here, but for colours. The file can be anything, since a document can write its own
DVI file; so it is read as a whole, and must have one page and no place where another reader would begin elsewhere.
(Format: D. Fuchs, "The format of TeX's DVI files", TUGboat 3:2.)
"""

import re
import struct
from collections.abc import Iterator

# What color.sty's driver for dvips writes.
_COLOR = re.compile(rb"color (?:pop|push (?:gray|rgb|cmyk|hsb)(?: +[\d.]+){1,4} *|push [A-Za-z]+ *)")

_BOP, _EOP, _PRE, _POST, _POST_POST, _FILLER = 139, 140, 247, 248, 249, 223
_SPECIALS, _FONT_DEFINITIONS = range(239, 243), range(243, 247)
# How many bytes follow the commands of a page; the others stand alone.
_FOLLOWING = {132: 8, 137: 8} | {
    first + size - 1: size for first in (128, 133, 143, 148, 153, 157, 162, 167, 235) for size in (1, 2, 3, 4)
}
_KNOWN = range(_BOP)
_IN_PAGE = range(_EOP + 1, 239)


def with_colors_only(dvi: bytes) -> bytes:
    """The file without what its specials say, but for colours. Raises ValueError for one that is not well-formed, and
    for one that has not exactly one page."""
    try:
        return _blanked(dvi)
    except (IndexError, struct.error):
        raise ValueError("the DVI file is cut off") from None


def _blanked(dvi: bytes) -> bytes:
    if dvi[0] != _PRE or dvi[1] != 2:
        raise ValueError("that is no DVI file")
    page = 15 + dvi[14]
    if dvi[page] != _BOP or struct.unpack_from(">i", dvi, page + 41)[0] != -1:
        raise ValueError("the DVI file has no first page")
    clean = bytearray(dvi)
    place = page + 45
    for first, last, next_place in _specials(dvi, place):
        if not _COLOR.fullmatch(dvi, first, last):
            clean[first:last] = b" " * (last - first)
        place = next_place
    _check_end(dvi, page, place)
    return bytes(clean)


def _specials(dvi: bytes, place: int) -> Iterator[tuple[int, int, int]]:
    """Where the text of each special begins and ends, and where the next command is; at last the end of the page."""
    while dvi[place] != _EOP:
        command = dvi[place]
        place += 1
        if command in _SPECIALS:
            size = command - 238
            first = place + size
            place = first + int.from_bytes(dvi[place:first])
            if place > len(dvi):
                raise IndexError
            yield first, place, place
        elif command in _FONT_DEFINITIONS:
            place = _after_font(dvi, place, command - 242)
        elif command in _KNOWN or command in _IN_PAGE:
            place += _FOLLOWING.get(command, 0)
        else:
            raise ValueError(f"the DVI file has the command {command} in its page")
    yield place, place, place + 1


def _after_font(dvi: bytes, place: int, size: int) -> int:
    lengths = place + size + 12
    return lengths + 2 + dvi[lengths] + dvi[lengths + 1]


def _check_end(dvi: bytes, page: int, post: int) -> None:
    """What follows the page leads to that page and to no other."""
    if dvi[post] != _POST or struct.unpack_from(">i", dvi, post + 1)[0] != page:
        raise ValueError("the DVI file has not exactly one page")
    place = post + 29
    while dvi[place] in _FONT_DEFINITIONS:
        place = _after_font(dvi, place + 1, dvi[place] - 242)
    ends_right = (
        dvi[place] == _POST_POST and struct.unpack_from(">i", dvi, place + 1)[0] == post and dvi[place + 5] == 2
    )
    filler = dvi[place + 6 :]
    if not ends_right or len(filler) < 4 or filler.strip(bytes([_FILLER])):
        raise ValueError("the DVI file has no right end")
