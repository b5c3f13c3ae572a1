"""Uploaded pictures: read with limits, turned upright, encoded again."""

import base64
import io
import warnings
from collections.abc import Mapping
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageOps

from kinescribe_server.engine.protocol import Bench
from kinescribe_server.jobs.errors import ArtifactNotFoundError, MakeError

_FORMATS = ("PNG", "JPEG", "WEBP")
# Enough for a camera; decoded it takes 160 MB.
_MAX_PIXELS = 40_000_000


def stored_picture(name: str, attachments: Mapping[str, str], bench: Bench) -> Path:
    """The file of an attachment, which maps to the SHA-256 of its bytes. Raises MakeError (ATTACHMENT_MISSING)."""
    if name not in attachments:
        raise MakeError("ATTACHMENT_MISSING", f"there is no uploaded picture named {name!r}")
    try:
        return bench.artifacts.path(attachments[name])
    except ArtifactNotFoundError as error:
        raise MakeError("ATTACHMENT_MISSING", f"the uploaded picture {name!r} is no longer stored") from error


def read_picture(path: Path, largest: tuple[int, int]) -> Pillow.Image:
    """The picture upright, in RGBA, no larger than `largest` (width, height). Raises MakeError (IMAGE_INVALID)."""
    try:
        with warnings.catch_warnings(), Pillow.open(path, formats=_FORMATS) as opened:
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # the next line is stricter
            if opened.width * opened.height > _MAX_PIXELS:
                raise MakeError(
                    "IMAGE_INVALID",
                    f"the picture has {opened.width} x {opened.height} pixels; {_MAX_PIXELS:,} pixels are allowed",
                )
            opened.draft("RGB", largest)
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except Pillow.DecompressionBombError as error:
        raise MakeError(
            "IMAGE_INVALID", f"the picture has many times the {_MAX_PIXELS:,} pixels that are allowed"
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise MakeError("IMAGE_INVALID", "the picture cannot be read as PNG, JPEG or WebP") from error
    upright.thumbnail(largest, Pillow.Resampling.LANCZOS)
    return upright


def on_ground(picture: Pillow.Image, color: str) -> Pillow.Image:
    """The picture in RGB, with a colour behind what is transparent."""
    ground = Pillow.new("RGBA", picture.size, color)
    return Pillow.alpha_composite(ground, picture).convert("RGB")


def as_svg(picture: Pillow.Image) -> str:
    """The picture as an SVG that carries it, which is how bytes get into a template."""
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", compress_level=1)
    data = base64.b64encode(encoded.getvalue()).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {picture.width} {picture.height}">'
        f'<image {size} href="data:image/png;base64,{data}"/></svg>'
    )
