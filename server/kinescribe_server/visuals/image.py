"""Uploaded pictures, fitted to the page."""

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Image
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import canvas_of, draw
from kinescribe_server.visuals.pictures import as_svg, on_ground, read_picture, stored_picture
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.wording import one_line

# A small picture is enlarged at most so much, or its pixels would show.
MAX_ENLARGEMENT = 3.0


def make_image(request: VisualRequest, bench: Bench) -> Made:
    """Draws `request.visual`, an Image. Raises MakeError (ATTACHMENT_MISSING, IMAGE_INVALID, THEME_UNKNOWN)."""
    image = request.visual
    if not isinstance(image, Image):
        raise MakeError("VISUAL_MISMATCH", f"an image was expected, found {type(image).__name__}")
    canvas = canvas_of(request, bench)
    path = stored_picture(image.attachment, request.attachments, bench)
    picture = on_ground(read_picture(path, (canvas.width, canvas.height)), canvas.theme.colors["page"])
    content = {
        "title": one_line(image.title),
        "svg": as_svg(picture),
        "natural_width": picture.width,
        "natural_height": picture.height,
        "max_scale": MAX_ENLARGEMENT / canvas.unit,
        "radius": canvas.theme.shape["radius"],
        "labels": "",
        "text_size": 0,
    }
    return hand_over(draw("picture", content, canvas), canvas, bench)
