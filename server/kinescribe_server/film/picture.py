"""PNG files -> frames for an encoder: 4:2:0, BT.709, limited range."""

import functools
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from kinescribe_server.jobs.errors import MakeError

Plane = NDArray[np.uint8]
Planes: TypeAlias = tuple[Plane, Plane, Plane]

# Without these options a picture that is cut short is a picture with a grey rest.
_WHOLE_PICTURES = {"err_detect": "crccheck+bitstream+buffer+explode"}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_picture(source: Path | bytes, width: int, height: int | None = None) -> av.VideoFrame:
    """A PNG (a file or its bytes) as a frame. Raises MakeError for a damaged picture and one of another size.

    swscale uses the coefficients of BT.601 unless it is told otherwise.
    """
    picture = _decoded(source if isinstance(source, bytes) else source.read_bytes())
    if (picture.width, picture.height) != (width, height or picture.height):
        sizes = f"{picture.width} x {picture.height} pixels; the film has {width} x {height}"
        raise _damaged(f"has {sizes}")
    return picture.reformat(
        format="yuv420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


@functools.lru_cache(maxsize=2)  # a state is seen with many bands, one after the other
def read_once(path: Path, width: int, height: int) -> av.VideoFrame:
    """A picture that is asked for several times. It is not to be written to."""
    return read_picture(path, width, height)


def stacked(above: av.VideoFrame, below: av.VideoFrame) -> av.VideoFrame:
    whole = av.VideoFrame(above.width, above.height + below.height, "yuv420p")
    for plane, top, bottom in zip(planes_of(whole), planes_of(above), planes_of(below), strict=True):
        plane[: len(top)], plane[len(top) :] = top, bottom
    return whole


def ground_of(page: av.VideoFrame) -> av.VideoFrame:
    """A page without anything on it: all in the colour of its corner."""
    ground = av.VideoFrame(page.width, page.height, "yuv420p")
    for plane, of_page in zip(planes_of(ground), planes_of(page), strict=True):
        plane[:] = of_page[0, 0]
    return ground


def planes_of(frame: av.VideoFrame) -> Planes:
    """The planes of a 4:2:0 frame, rows x columns, for reading and writing."""
    y, u, v = (
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    )
    return y, u, v


def _decoded(png: bytes) -> av.VideoFrame:
    """The picture in a PNG. The decoder is asked itself: a demuxer decodes every picture once to know what it is."""
    if not png.startswith(_PNG_SIGNATURE):
        raise _damaged("is no PNG" if png else "is empty")
    try:
        context = av.CodecContext.create("png", "r")
        context.thread_count, context.options = 1, _WHOLE_PICTURES
        frames = [*context.decode(av.Packet(png)), *context.decode(None)]
    except FFmpegError as error:
        raise _damaged(f"cannot be read as a PNG: {error.strerror}") from error
    if not frames:
        raise _damaged("cannot be read as a PNG: it has no pixels")
    return frames[0]


def _damaged(found: str) -> MakeError:
    return MakeError("ASSET_DAMAGED", f"a picture {found}", retryable=True)
