"""Which visual types there are, and who draws them.

Plain tuples, so that reading the table imports no renderer: the maker's name, where its function is, the distributions
whose versions decide what it draws, and its revision (they are part of a result's key).

Other distributions add theirs by entry points of the group `kinescribe.visuals`, whose name is the visual type and
whose value is "package.module:function", a function `(VisualRequest, Bench) -> Made`.
"""

import logging
import re
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

MakerEntry = tuple[str, str, tuple[str, ...], int]

_LOG = logging.getLogger(__name__)

ENTRY_POINTS = "kinescribe.visuals"
_TYPE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")

_HERE = "kinescribe_server.visuals"
_PAGE = (
    "typst",
    "pillow",
    "fontpkg-inter",
    "fontpkg-fraunces",
    "fontpkg-space-grotesk",
    "fontpkg-jetbrains-mono",
    "manimgx-fonts",
    "manimgx-fonts-cjk",
    "kinescribe",
)

# Raised when what is drawn changes by our own doing: all pages share their templates.
_REVISION = 2

# Makers in the order in which they are tried.
VISUAL_MAKERS: dict[str, tuple[MakerEntry, ...]] = {
    "slide": (("slide", f"{_HERE}.slide:make_slide", _PAGE, _REVISION),),
    "diagram": (
        (
            "mermaid-render",
            f"{_HERE}.mermaid:make_diagram_with_mermaid_render",
            ("mermaid-render", "quickjs-ng", *_PAGE),
            _REVISION,
        ),
        ("mmdr", f"{_HERE}.mermaid:make_diagram_with_mmdr", ("mmdr", "cssselect2", *_PAGE), _REVISION),
    ),
    "code": (("code", f"{_HERE}.code:make_code", ("pygments", *_PAGE), _REVISION),),
    "formula": (("mathra", f"{_HERE}.formula:make_formula", ("mathra", *_PAGE), _REVISION),),
    "chart": (("matplotlib", f"{_HERE}.chart:make_chart", ("matplotlib", "numpy", *_PAGE), _REVISION),),
    "image": (("image", f"{_HERE}.image:make_image", _PAGE, _REVISION),),
}

PLACEHOLDER: MakerEntry = ("placeholder", f"{_HERE}.placeholder:make_placeholder", _PAGE, _REVISION)


def visual_makers() -> dict[str, tuple[MakerEntry, ...]]:
    """The makers of every visual type, with those of other distributions. Theirs come after ours where both draw a
    type, so that installing something changes no picture that could be drawn before. Imports none of them."""
    makers = dict(VISUAL_MAKERS)
    for name, entry in sorted(_added(entry_points(group=ENTRY_POINTS))):
        makers[name] = (*makers.get(name, ()), entry)
    return makers


def _added(found: Iterable[EntryPoint]) -> set[tuple[str, MakerEntry]]:
    added: set[tuple[str, MakerEntry]] = set()
    for point in found:
        if point.dist is None or not _TYPE_NAME.fullmatch(point.name) or not (point.module and point.attr):
            _LOG.warning("an entry point is left out: %s = %s", point.name, point.value)
            continue
        # A distribution may draw several types, and several may draw one.
        added.add((point.name, (point.dist.name, f"{point.module}:{point.attr}", (point.dist.name, "kinescribe"), 1)))
    return added
