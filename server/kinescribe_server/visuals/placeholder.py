"""The picture in place of a visual that could not be drawn: it says what is missing and why. It never fails."""

from dataclasses import replace

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import (
    Chart,
    Code,
    Diagram,
    Formula,
    Image,
    OtherVisual,
    Slide,
    Visual,
)
from kinescribe_server.visuals.layout import hand_over
from kinescribe_server.visuals.page import Canvas, canvas_of, draw
from kinescribe_server.visuals.protocol import PlaceholderRequest
from kinescribe_server.visuals.themes import DEFAULT_THEME
from kinescribe_server.visuals.wording import one_line, page_direction, source_lines

_MAX_TITLE = 120
_MAX_MESSAGE = 300
_MAX_SOURCE_LINES = 6
# More cannot be seen on any page.
_MAX_SOURCE_LINE = 400


def make_placeholder(request: PlaceholderRequest, bench: Bench) -> Made:
    """Draws a card that names the visual, the reason, and the first lines of its source."""
    canvas = _canvas(request, bench)
    name, title, source = _described(request.visual)
    message = _cut(one_line(request.message), _MAX_MESSAGE)
    content = {
        "label": f"{name} not available",
        "title": _cut(one_line(title), _MAX_TITLE) or "This picture could not be drawn",
        "message": message or _cut(one_line(request.reason), _MAX_MESSAGE),
        "source": [line[:_MAX_SOURCE_LINE] for line in source_lines(source[:20_000])[:_MAX_SOURCE_LINES]],
        "dir": page_direction([title]),
    }
    return hand_over(draw("placeholder", content, canvas), canvas, bench)


def _canvas(request: PlaceholderRequest, bench: Bench) -> Canvas:
    """The canvas asked for, or that of the default theme: an unknown theme may be why there is a placeholder."""
    try:
        return canvas_of(request, bench)
    except MakeError:
        return canvas_of(replace(request, theme=DEFAULT_THEME), bench)


def _described(visual: Visual | None) -> tuple[str, str, str]:
    """What kind of visual it is, in a word, its title and its source."""
    match visual:
        case Diagram():
            described = "Diagram", visual.title, visual.source
        case Code():
            described = "Listing", visual.title, visual.source
        case Formula():
            described = "Formula", visual.title, visual.latex
        case Chart():
            described = "Chart", visual.title, ""
        case Image():
            described = "Picture", visual.title or visual.description, ""
        case Slide():
            described = "Slide", visual.title, ""
        case OtherVisual():
            described = "Visual", visual.title, visual.source
        case None:
            described = "Visual", "", ""
    return described


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
