"""Uploaded pictures, read with limits, encoded again and fitted to the page."""

import base64
import io
import warnings
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageOps

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import ArtifactNotFoundError, MakeError
from kinescribe_server.script.model import Image
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, draw
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import theme_named
from kinescribe_server.visuals.wording import one_line

_FORMATS = ("PNG", "JPEG", "WEBP")
# Enough for a camera; decoded it takes 160 MB.
_MAX_PIXELS = 40_000_000
# A small picture is enlarged at most so much, or its pixels would show.
_MAX_ENLARGEMENT = 3.0


def make_image(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, an Image. Raises MakeError (ATTACHMENT_MISSING, IMAGE_INVALID, THEME_UNKNOWN)."""
    image = request.visual
    if not isinstance(image, Image):
        raise MakeError("VISUAL_MISMATCH", f"an image was expected, found {type(image).__name__}")
    canvas = Canvas(theme_named(request.theme), request.width, request.height, request.language)
    picture = _read(_attachment(request, image.attachment, bench), canvas)
    content = {
        "title": one_line(image.title),
        "svg": _as_svg(picture),
        "natural_width": picture.width,
        "natural_height": picture.height,
        "max_scale": _MAX_ENLARGEMENT / canvas.unit,
        "radius": 18,
        "labels": "",
        "text_size": 0,
    }
    return hand_over(draw("picture", content, canvas), canvas, bench)


def _attachment(request: VisualRequest, name: str, bench: Bench) -> Path:
    if name not in request.attachments:
        raise MakeError("ATTACHMENT_MISSING", f"there is no uploaded picture named {name!r}")
    try:
        return bench.artifacts.path(request.attachments[name])
    except ArtifactNotFoundError as error:
        raise MakeError("ATTACHMENT_MISSING", f"the uploaded picture {name!r} is no longer stored") from error


def _read(path: Path, canvas: Canvas) -> Pillow.Image:
    """The picture upright, in RGB on the page's colour, no larger than the page."""
    try:
        with warnings.catch_warnings(), Pillow.open(path, formats=_FORMATS) as opened:
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # the next line is stricter
            if opened.width * opened.height > _MAX_PIXELS:
                raise MakeError(
                    "IMAGE_INVALID",
                    f"the picture has {opened.width} x {opened.height} pixels; {_MAX_PIXELS:,} pixels are allowed",
                )
            opened.draft("RGB", (canvas.width, canvas.height))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise MakeError("IMAGE_INVALID", f"the picture cannot be read as PNG, JPEG or WebP: {error}") from error
    upright.thumbnail((canvas.width, canvas.height), Pillow.Resampling.LANCZOS)
    ground = Pillow.new("RGBA", upright.size, canvas.theme.colors["page"])
    return Pillow.alpha_composite(ground, upright).convert("RGB")


def _as_svg(picture: Pillow.Image) -> str:
    """The picture as an SVG that carries it, which is how bytes get into a template."""
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", compress_level=1)
    data = base64.b64encode(encoded.getvalue()).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {picture.width} {picture.height}">'
        f'<image {size} href="data:image/png;base64,{data}"/></svg>'
    )
