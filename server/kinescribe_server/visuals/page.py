"""The one place that drives the Typst compiler.

A template is ours and trusted. What users wrote reaches it as JSON in `sys.inputs` and is never read as markup. The
compiler sees the folder of templates and the fonts of the font packages, and nothing else of the machine.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import typst

from kinescribe_server.visuals.themes import Theme
from kinescribe_server.visuals.wording import font_families

_FONT_PACKAGES = ("fontpkg_inter", "fontpkg_jetbrains_mono", "manimgx_fonts", "manimgx_fonts_cjk")
_TEMPLATES = Path(__file__).parent / "templates"
# With 72 points to the inch, one point of the page is one pixel of the picture.
_POINT_IS_PIXEL = 72.0


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where to draw: the theme, the size in pixels, and the language (BCP 47, may be empty)."""

    theme: Theme
    width: int
    height: int
    language: str = ""

    @property
    def unit(self) -> float:
        """One design pixel in pixels: sizes are given for a page whose shorter side is 1080."""
        return min(self.width, self.height) / 1080


@dataclass(frozen=True, slots=True)
class Drawn:
    """One PNG for each state, the words that introduce each, every box of text, and what else the template found."""

    pictures: tuple[bytes, ...]
    cues: tuple[str, ...]
    boxes: tuple[Mapping[str, Any], ...]
    facts: Mapping[str, Any]


def draw(template: str, content: Mapping[str, Any], canvas: Canvas) -> Drawn:
    """Draws `templates/<template>.typ` with `content`, whose texts have been through `wording`."""
    text = json.dumps(content, ensure_ascii=False)
    page = {
        **content,
        "width": canvas.width,
        "height": canvas.height,
        "colors": dict(canvas.theme.colors),
        "fonts": font_families(text, canvas.language),
    }
    compiler = _compiler(template)
    data = json.dumps(page, ensure_ascii=True, sort_keys=True)
    compiled = compiler.compile(format="png", ppi=_POINT_IS_PIXEL, sys_inputs={"data": data})
    pictures = compiled if isinstance(compiled, list) else [compiled]
    found: dict[str, list[Any]] = {"state": [], "box": [], "fact": []}
    for label, values in found.items():
        values.extend(json.loads(compiler.query(f"<{label}>", field="value")))
    facts = {name: value for fact in found["fact"] for name, value in fact.items()}
    return Drawn(tuple(p for p in pictures if p), tuple(found["state"]), tuple(found["box"]), facts)


@functools.cache
def _fonts() -> typst.Fonts:
    folders = [str(files(package)) for package in _FONT_PACKAGES]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


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
