import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Image
from kinescribe_server.visuals.image import make_image
from kinescribe_server.visuals.protocol import VisualRequest

from .inspection import SIZES, layout_faults, picture

RED = (200, 30, 40)


def red_parts(made: Made, bench: WorkerBench) -> NDArray[np.bool_]:
    """Which pixels are red; JPEG and WebP change them a little."""
    distance = np.abs(picture(made, bench)[..., :3].astype(int) - RED)
    parts: NDArray[np.bool_] = np.all(distance < 12, axis=-1)
    return parts


def encoded(image: Pillow.Image, kind: str, **settings: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def request_of(data: bytes, bench: WorkerBench, size: tuple[int, int] = (1920, 1080), title: str = "") -> VisualRequest:
    stored = bench.artifacts.put_bytes(data, "application/octet-stream")
    return VisualRequest(Image("photo", "", title), "light", *size, attachments={"photo": stored.sha256})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_picture_is_shown_whole_in_the_middle_under_its_title(
    kind: str, size: tuple[int, int], bench: WorkerBench
) -> None:
    data = encoded(Pillow.new("RGB", (800, 600), RED), kind)

    made = make_image(request_of(data, bench, size, "A red field"), bench)

    red = red_parts(made, bench)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    assert width / height == pytest.approx(800 / 600, rel=0.02)
    assert width > size[0] * 0.8 or height > size[1] * 0.6
    assert columns[0] + width / 2 == pytest.approx(size[0] / 2, abs=2)
    assert layout_faults(made, bench) == []


def test_a_photograph_is_turned_upright(bench: WorkerBench) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # the camera was held on its side
    data = encoded(Pillow.new("RGB", (400, 200), RED), "JPEG", exif=exif)

    red = red_parts(make_image(request_of(data, bench), bench), bench)

    assert red.any(axis=1).sum() > red.any(axis=0).sum()


def test_transparent_parts_show_the_page(bench: WorkerBench) -> None:
    data = encoded(Pillow.new("RGBA", (400, 300), (0, 0, 0, 0)), "PNG")

    assert (picture(make_image(request_of(data, bench), bench), bench) == 255).all()


def test_a_missing_attachment_is_named(bench: WorkerBench) -> None:
    gone = VisualRequest(Image("photo"), attachments={"photo": "0" * 64})
    for request in (VisualRequest(Image("photo")), gone):
        with pytest.raises(MakeError, match="'photo'") as refusal:
            make_image(request, bench)
        assert (refusal.value.reason, refusal.value.retryable) == ("ATTACHMENT_MISSING", False)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [b"", b"not a picture", bomb(50_000, 50_000), bomb(7_000, 6_000), bomb(10, 10), b"<svg/>", b"GIF89a" + b"\0" * 30]
    + [encoded(Pillow.new("RGB", (9, 9)), kind) for kind in ("GIF", "BMP", "TIFF")]
    + [encoded(Pillow.effect_noise((300, 300), 90), "PNG")[:2_000]],
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes, bench: WorkerBench) -> None:
    with pytest.raises(MakeError) as refusal:
        make_image(request_of(data, bench), bench)

    assert (refusal.value.reason, refusal.value.retryable) == ("IMAGE_INVALID", False)


def test_the_same_picture_is_the_same_bytes(bench: WorkerBench) -> None:
    request = request_of(encoded(Pillow.effect_mandelbrot((640, 480), (-2, -1.5, 1, 1.5), 50), "PNG"), bench)

    assert make_image(request, bench) == make_image(request, bench)
