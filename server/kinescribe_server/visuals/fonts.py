"""The fonts of the font packages: where they are, and which code points each family holds."""

import functools
import struct
from bisect import bisect_right
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

# The packages that `themes.FONT_FAMILIES` come from.
_PACKAGES = (
    "fontpkg_inter",
    "fontpkg_fraunces",
    "fontpkg_space_grotesk",
    "fontpkg_jetbrains_mono",
    "manimgx_fonts",
    "manimgx_fonts_cjk",
)
# All regions of this family are in one file and hold the same code points.
_CJK = "Noto Sans CJK"

Ranges = tuple[tuple[int, ...], tuple[int, ...]]


def font_folders() -> list[str]:
    """Where the font files are."""
    return [str(files(package)) for package in _PACKAGES]


def holds(family: str, character: str) -> bool:
    """Whether a family has a glyph for a character."""
    starts, ends = _ranges(family)
    place = bisect_right(starts, ord(character)) - 1
    return place >= 0 and ord(character) <= ends[place]


@functools.cache
def _ranges(family: str) -> Ranges:
    """The first and the last code point of every range that the family's character map has, in order."""
    spans = sorted(_spans(_character_map(_file(family))))
    return tuple(first for first, _ in spans), tuple(last for _, last in spans)


def _file(family: str) -> Path:
    name = _CJK if family.startswith(_CJK) else family
    prefix = name.replace(" ", "")
    fonts = (path for folder in font_folders() for path in sorted(Path(folder).rglob("*.tt[fc]")))
    return next(path for path in fonts if path.name.startswith((f"{prefix}[", f"{prefix}-VF")))


def _character_map(path: Path) -> bytes:
    """The table `cmap` of a font file, or of the first font of a collection (OpenType 1.9, "Organization of an OpenType
    Font")."""
    with path.open("rb") as file:
        start = struct.unpack(">12xI", file.read(16))[0] if file.read(4) == b"ttcf" else 0
        file.seek(start + 4)
        (tables,) = struct.unpack(">H6x", file.read(8))
        for _ in range(tables):
            tag, offset, length = struct.unpack(">4s4xII", file.read(16))
            if tag == b"cmap":
                file.seek(offset)
                return file.read(length)
    raise ValueError(f"{path.name} has no character map")


def _spans(table: bytes) -> Iterator[tuple[int, int]]:
    """The ranges of the widest Unicode subtable (OpenType 1.9, "cmap"): format 12, or else format 4."""
    (count,) = struct.unpack_from(">2xH", table)
    offsets = {struct.unpack_from(">4xI", table, 4 + 8 * index)[0] for index in range(count)}
    by_format = {struct.unpack_from(">H", table, offset)[0]: offset for offset in offsets}
    if 12 in by_format:
        offset = by_format[12]
        (groups,) = struct.unpack_from(">12xI", table, offset)
        for first, last, _ in struct.iter_unpack(">III", table[offset + 16 : offset + 16 + 12 * groups]):
            yield first, last
        return
    offset = by_format[4]
    segments = struct.unpack_from(">6xH", table, offset)[0] // 2
    lasts = struct.unpack_from(f">{segments}H", table, offset + 14)
    firsts = struct.unpack_from(f">{segments}H", table, offset + 16 + 2 * segments)
    yield from ((first, last) for first, last in zip(firsts, lasts, strict=True) if first != 0xFFFF)
