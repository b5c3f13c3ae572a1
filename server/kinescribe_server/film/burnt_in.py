"""Captions in the picture: a band below it, in which the word that is spoken is marked.

The band is dark on every page, so that it neither jumps from scene to scene nor covers anything: pictures are drawn for
what is left of the film's height.
"""

import functools
import io
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import typst
from PIL import Image

from kinescribe_server.film.caption_files import is_right_to_left
from kinescribe_server.film.captions import Caption, Spoken, captions
from kinescribe_server.film.encoder import VideoFormat
from kinescribe_server.film.protocol import caption_band
from kinescribe_server.film.video import Hold

# Contrast with the ground: 16 to 1 for what is shown, 13 to 1 for the spoken word.
_GROUND, _INK, _MARK = "#12151c", "#ffffff", "#ffd23f"
# Letters of 46 pixels on a page whose shorter side is 1080: two lines and some air fill the band.
_SIZE_OF_BAND = 46 / 152
_TEMPLATE = Path(__file__).parent / "templates" / "captions.typ"
_FONT_PACKAGES = ("fontpkg_inter", "manimgx_fonts", "manimgx_fonts_cjk")
_FONT = "Inter"
# One font has the characters of all of East Asia; how they are drawn depends on the language.
_CJK_FONTS = {
    "ja": "Noto Sans CJK JP",
    "ko": "Noto Sans CJK KR",
    "zh-tw": "Noto Sans CJK TC",
    "zh-hk": "Noto Sans CJK HK",
}
_OTHER_CJK_FONT = "Noto Sans CJK SC"
# Two key frames in a row would be one to a decoder.
_MIN_FRAMES = 2


@dataclass(frozen=True, slots=True)
class Moment:
    """What the band shows from a frame on: a caption with the word of that number marked, or nothing."""

    frame: int
    caption: Caption | None = None
    marked: int | None = None


def with_captions(holds: Sequence[Hold], clip: Spoken, form: VideoFormat, language: str) -> list[Hold]:
    """The pictures of a clip with the captions of its words below them. `clip` is timed from its own start."""
    shown = captions(clip)
    moments = moments_of(shown, form.frame_rate)
    starts = [0]
    for hold in holds:
        starts.append(starts[-1] + hold.frames)
    firsts = [moment.frame for moment in moments]
    places = _apart(sorted({*firsts, *starts[:-1]}), set(starts), starts[-1])
    # What the second frame shows: where two changes were too close to each other, it is the later one.
    at = [moments[bisect_right(firsts, place + 1) - 1] for place in places]
    bands = _bands(at, form, language)
    spans = pairwise([*places, starts[-1]])
    return [
        replace(holds[bisect_right(starts, first) - 1], frames=after - first, band=band)
        for (first, after), band in zip(spans, bands, strict=True)
    ]


def moments_of(shown: Sequence[Caption], frame_rate: int) -> list[Moment]:
    """What is shown when, from frame 0 on."""
    moments = [Moment(0)]
    for caption in shown:
        if caption.start > 0:
            moments.append(Moment(_frame(caption.start, frame_rate), caption))
        moments += [
            Moment(_frame(max(mark.start, caption.start), frame_rate), caption, number)
            for number, mark in enumerate(caption.marks)
            if mark.start < caption.end
        ]
        moments.append(Moment(_frame(caption.end, frame_rate)))
    return [moment for moment, later in zip(moments, [*moments[1:], None], strict=True) if _lasts(moment, later)]


def poster_with_band(picture: bytes, width: int, height: int) -> bytes:
    """A picture of a film with burnt-in captions, as high as the film, its band empty."""
    page = Image.new("RGB", (width, height), _GROUND)
    with Image.open(io.BytesIO(picture)) as image:
        page.paste(image.convert("RGB"), (0, 0))
    png = io.BytesIO()
    page.save(png, "PNG")
    return png.getvalue()


def _frame(seconds: float, frame_rate: int) -> int:
    return int(seconds * frame_rate + 1e-6)


def _lasts(moment: Moment, later: Moment | None) -> bool:
    return later is None or later.frame > moment.frame


def _apart(places: Sequence[int], states: set[int], end: int) -> list[int]:
    """The places of changes with enough frames between them. That of a state stays."""
    kept: list[int] = []
    for place in [*places, end]:
        while kept and place - kept[-1] < _MIN_FRAMES and place in states and kept[-1] not in states:
            kept.pop()
        if not kept or place - kept[-1] >= _MIN_FRAMES:
            kept.append(place)
    return kept[:-1]


def _bands(moments: Sequence[Moment], form: VideoFormat, language: str) -> list[bytes]:
    """A PNG for each moment."""
    height = caption_band(form.width, form.height)
    text = "".join(line for moment in moments if moment.caption for line in moment.caption.lines)
    page = {
        "width": form.width,
        "height": height,
        "size": height * _SIZE_OF_BAND,
        "ground": _GROUND,
        "ink": _INK,
        "mark": _MARK,
        "fonts": [_FONT, _cjk_font(language)],
        "rightwards": is_right_to_left(text),
        "pages": [_lines(moment) for moment in moments],
    }
    # With 72 points to the inch, one point of the page is one pixel of the picture.
    made = _compiler().compile(format="png", ppi=72.0, sys_inputs={"data": json.dumps(page)})
    return [picture for picture in (made if isinstance(made, list) else [made]) if picture]


def _lines(moment: Moment) -> list[list[dict[str, object]]]:
    """The lines of a moment, each as what stands before, in and after the marked word."""
    if moment.caption is None:
        return []
    mark = None if moment.marked is None else moment.caption.marks[moment.marked]
    lines = []
    for index, line in enumerate(moment.caption.lines):
        first, last = (mark.first, mark.last) if mark and mark.line == index else (0, 0)
        spans = [(line[:first], False), (line[first:last], True), (line[last:], False)]
        lines.append([{"text": text, "marked": marked} for text, marked in spans if text])
    return lines


def _cjk_font(language: str) -> str:
    tag = language.lower()
    return next((font for prefix, font in _CJK_FONTS.items() if tag.startswith(prefix)), _OTHER_CJK_FONT)


@functools.cache
def _compiler() -> typst.Compiler:
    folders = [str(files(package)) for package in _FONT_PACKAGES]
    return typst.Compiler(
        input=str(_TEMPLATE),
        root=str(_TEMPLATE.parent),
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders),
        ignore_system_fonts=True,
        # The template imports no package; a folder that does not exist keeps it so.
        package_path=str(_TEMPLATE.parent / "none"),
        package_cache_path=str(_TEMPLATE.parent / "none"),
    )
