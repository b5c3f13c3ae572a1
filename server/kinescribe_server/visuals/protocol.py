"""The seam of pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kinescribe_server.script.model import Slide, Visual


@dataclass(frozen=True, slots=True)
class Brand:
    """What a user puts in place of parts of a theme. `colors` maps roles to `#rrggbb` (the roles are
    `themes.THEME_ROLES`), `fonts` maps heading, body and code to a family (one of `themes.FONT_FAMILIES`), and `logo`
    is the SHA-256 of a stored PNG, JPEG or WebP picture, or empty."""

    colors: Mapping[str, str] = field(default_factory=dict)
    fonts: Mapping[str, str] = field(default_factory=dict)
    logo: str = ""


@dataclass(frozen=True, slots=True)
class VisualRequest:
    """What is to be drawn, in which theme, at which size in pixels. `attachments` maps the names of uploaded pictures
    to the SHA-256 of their bytes. Where slides are made as one deck, `deck` has all slides of the job in order and
    `page` says which of them, counted from 0, this one is."""

    visual: Visual
    theme: str = "light"
    width: int = 1920
    height: int = 1080
    language: str = ""
    attachments: Mapping[str, str] = field(default_factory=dict)
    brand: Brand | None = None
    deck: tuple[Slide, ...] = ()
    page: int = 0


@dataclass(frozen=True, slots=True)
class PlaceholderRequest:
    """What could not be drawn, and why."""

    visual: Visual | None
    reason: str
    message: str
    theme: str = "light"
    width: int = 1920
    height: int = 1080
    brand: Brand | None = None


# A visual maker's `Made`: files {"state-00": PNG, "state-01": PNG, …, "layout": JSON}; details {"states": [{"picture":
# "state-00", "cue": "", "changed": null}, {"picture": "state-01", "cue": "the words of the item that this state adds",
# "changed": [x, y, width, height]}, …], "motion_seconds": what the theme takes to let something appear}.
# Every picture is width x height and opaque (RGB, or RGBA with every alpha 255). State 0 is shown from the start; its
# cue is the text that it adds, if it adds any. Outside the box `changed` (whole pixels) a picture is the same as the
# one before it; null says that the page is new, [0, 0, 0, 0] that nothing changes. A layout record is {"width",
# "height", "boxes": [{"text", "x", "y", "width", "height", "font_size", "color", "background", "state"}]} in pixels.
LayoutJson = Mapping[str, Any]
