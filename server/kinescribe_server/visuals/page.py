"""The one place that drives the Typst compiler.

A template is ours and trusted. What users wrote reaches it as JSON in `sys.inputs` and is never read as markup. The
compiler sees the folder of templates and the fonts of the font packages, and nothing else of the machine.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst

from kinescribe_server.engine.protocol import Bench, Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.visuals.fonts import font_folders
from kinescribe_server.visuals.pictures import as_svg, read_picture, stored_picture
from kinescribe_server.visuals.protocol import Brand, PlaceholderRequest, VisualRequest
from kinescribe_server.visuals.themes import Theme, branded, theme_named
from kinescribe_server.visuals.wording import drawable, font_families, missing_glyphs

_TEMPLATES = Path(__file__).parent / "templates"
# With 72 points to the inch, one point of the page is one pixel of the picture.
_POINT_IS_PIXEL = 72.0
# A logo is shown at most so large, in parts of the page.
_LOGO_SHARE = 4


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where to draw: the theme, the size in pixels, the language (BCP 47, may be empty), the brand's logo as SVG, and
    what the user should know of how the brand is used."""

    theme: Theme
    width: int
    height: int
    language: str = ""
    logo: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def unit(self) -> float:
        """One design pixel in pixels: sizes are given for a page whose shorter side is 1080."""
        return min(self.width, self.height) / 1080


@dataclass(frozen=True, slots=True)
class Drawn:
    """One PNG for each state, the words that introduce each, the box that each changes (x, y, width, height in pixels;
    None for a whole page), every box of text, what else the template found, and what the user should know."""

    pictures: tuple[bytes, ...]
    cues: tuple[str, ...]
    changed: tuple[tuple[float, float, float, float] | None, ...]
    boxes: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Any]
    notices: tuple[Notice, ...] = ()


def canvas_of(request: VisualRequest | PlaceholderRequest, bench: Bench) -> Canvas:
    """The canvas that a request asks for, in the colours, fonts and with the logo of its brand. Raises MakeError
    (THEME_UNKNOWN)."""
    theme, notices = branded(theme_named(request.theme), request.brand)
    language = request.language if isinstance(request, VisualRequest) else ""
    logo, logo_notices = _logo(request.brand, (request.width // _LOGO_SHARE, request.height // _LOGO_SHARE), bench)
    return Canvas(theme, request.width, request.height, language, logo, (*notices, *logo_notices))


def _logo(brand: Brand | None, largest: tuple[int, int], bench: Bench) -> tuple[str, tuple[Notice, ...]]:
    """The brand's logo as SVG, or nothing and the reason."""
    if brand is None or not brand.logo:
        return "", ()
    try:
        return as_svg(read_picture(stored_picture("logo", {"logo": brand.logo}, bench), largest)), ()
    except MakeError as error:
        return "", (Notice("LOGO_INVALID", f"the logo is left out: {error.message}"),)


def draw(template: str, content: Mapping[str, Any], canvas: Canvas) -> Drawn:
    """Draws `templates/<template>.typ` with `content`, whose texts have been through `wording`. What no font can draw
    is replaced and noticed."""
    text = json.dumps(content, ensure_ascii=False)
    missing = missing_glyphs(text)
    theme = canvas.theme
    page = {
        **(json.loads(drawable(text)) if missing else content),
        "width": canvas.width,
        "height": canvas.height,
        "colors": dict(theme.colors),
        "families": dict(theme.fonts),
        "fonts": font_families(text, canvas.language),
        "shape": dict(theme.shape),
        "logo": {**theme.logo, "svg": canvas.logo},
    }
    compiler = _compiler(template)
    data = json.dumps(page, ensure_ascii=True, sort_keys=True)
    compiled = compiler.compile(format="png", ppi=_POINT_IS_PIXEL, sys_inputs={"data": data})
    pictures = compiled if isinstance(compiled, list) else [compiled]
    found: dict[str, list[Any]] = {"state": [], "box": [], "fact": []}
    for label, values in found.items():
        values.extend(json.loads(compiler.query(f"<{label}>", field="value")))
    return Drawn(
        pictures=tuple(picture for picture in pictures if picture),
        cues=tuple(state["cue"] for state in found["state"]),
        changed=tuple(state["changed"] and tuple(state["changed"]) for state in found["state"]),
        boxes=tuple(found["box"]),
        facts={name: value for fact in found["fact"] for name, value in fact.items()},
        notices=(missing,) if missing else (),
    )


@functools.cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=font_folders())


@functools.cache
def _compiler(template: str) -> typst.Compiler:
    return typst.Compiler(
        input=str(_TEMPLATES / f"{template}.typ"),
        root=str(_TEMPLATES),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        # No template imports a package; a folder that does not exist keeps it so.
        package_path=str(_TEMPLATES / "none"),
        package_cache_path=str(_TEMPLATES / "none"),
    )
