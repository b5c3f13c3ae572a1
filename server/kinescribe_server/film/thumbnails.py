"""Small pictures of the scenes, as players show them over the time line: sheets of them, and a WebVTT file that says
which is where."""

import io
from collections.abc import Iterable, Iterator
from itertools import islice

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from PIL import Image

from kinescribe_server.film.caption_files import timestamp
from kinescribe_server.jobs.errors import MakeError

WIDTH = 320
# A sheet of 5 x 5 is 1600 x 900 pixels: one request for two or three minutes of film, and little memory.
_COLUMNS = 5
_ON_A_SHEET = 25
_QUALITY = 80


def thumbnail_of(frame: av.VideoFrame) -> bytes:
    """A PNG, WIDTH pixels wide, of a frame as encoders take it."""
    small = frame.reformat(
        WIDTH,
        height_for(frame.width, frame.height),
        "rgb24",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=Interpolation.AREA,
    )
    png = io.BytesIO()
    Image.fromarray(small.to_ndarray()).save(png, "PNG", compress_level=1)
    return png.getvalue()


def sheets(pngs: Iterable[bytes]) -> Iterator[bytes]:
    """The thumbnails of a film, all of one size, as JPEG files; one file at a time is held. Raises MakeError for a
    damaged one."""
    index, waiting = 0, iter(pngs)
    while small := [_opened(png, index + place) for place, png in enumerate(islice(waiting, _ON_A_SHEET))]:
        width, height = small[0].size
        sheet = Image.new("RGB", (width * min(len(small), _COLUMNS), height * -(-len(small) // _COLUMNS)))
        for place, picture in enumerate(small):
            sheet.paste(picture, _corner(place, height))
        jpeg = io.BytesIO()
        sheet.save(jpeg, "JPEG", quality=_QUALITY)
        yield jpeg.getvalue()
        index += len(small)


def sheet_name(number: int) -> str:
    return f"thumbnails-{number:02}.jpg"


def thumbnails_vtt(spans: Iterable[tuple[float, float]], height: int) -> str:
    """Which part of which sheet stands for each span of the film (seconds), for thumbnails of that height."""
    cues = []
    for index, (start, end) in enumerate(spans):
        sheet, place = divmod(index, _ON_A_SHEET)
        left, top = _corner(place, height)
        times = f"{timestamp(start, '.')} --> {timestamp(end, '.')}"
        cues.append(f"{times}\n{sheet_name(sheet)}#xywh={left},{top},{WIDTH},{height}\n")
    return "\n".join(["WEBVTT\n", *cues])


def height_for(width: int, height: int) -> int:
    """How high the thumbnails of a film of that size are."""
    return max(2, 2 * round(WIDTH * height / width / 2))


def _corner(place: int, height: int) -> tuple[int, int]:
    return place % _COLUMNS * WIDTH, place // _COLUMNS * height


def _opened(png: bytes, index: int) -> Image.Image:
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
            return picture.convert("RGB")
    except (OSError, SyntaxError) as error:
        message = f"the thumbnail of segment {index} cannot be read as a PNG"
        raise MakeError("ASSET_DAMAGED", message, retryable=True) from error
