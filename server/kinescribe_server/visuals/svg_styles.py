"""What style sheets say about a drawing, written onto its elements.

Renderers style by classes, by `style` and by attributes. Afterwards only attributes are left, from a list of what a
drawing needs, so that colours can be read and mended, and no style can name anything outside.
"""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

import tinycss2
from cssselect2 import ElementWrapper, Matcher, SelectorError, compile_selector_list

SVG = "{http://www.w3.org/2000/svg}"

_PROPERTIES = frozenset(
    "clip-path clip-rule color display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity "
    "font-size font-style font-weight letter-spacing marker-end marker-mid marker-start mask opacity paint-order "
    "stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin "
    "stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration visibility".split()
)
# In SVG 2 these are properties too, and renderers round corners with them.
_GEOMETRY = frozenset({"rx", "ry"})
# Only references within the drawing; variables have no value here.
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|var\(|expression\(|javascript:", re.IGNORECASE)
# Renderers that style by classes write about a thousand rules, users' themes add some. Matching takes time for each.
_MAX_RULES = 4_000

Declarations = Mapping[str, tuple[str, bool]]


def inline_styles(root: ET.Element) -> None:
    """Takes every `<style>` and `style` out of the tree and sets what they say as attributes."""
    matcher = _matcher(_sheets_taken_out(root))
    if matcher is None:
        for element in root.iter():
            _set(element, {})
        return
    for wrapped in ElementWrapper.from_xml_root(root).iter_subtree():
        told: dict[str, tuple[str, bool]] = {}
        for *_, declarations in sorted(matcher.match(wrapped), key=lambda match: match[:2]):
            _cascade(told, declarations)
        _set(wrapped.etree_element, told)


def _sheets_taken_out(root: ET.Element) -> str:
    sheets = []
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{SVG}style":
                sheets.append(child.text or "")
                parent.remove(child)
    return "\n".join(sheets)


def _matcher(css: str) -> Matcher | None:
    matcher = None
    for rule in tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)[:_MAX_RULES]:
        if rule.type != "qualified-rule":  # what is within @media and @keyframes is for screens
            continue
        declarations = dict(_declarations(rule.content))
        if not declarations:
            continue
        try:
            selectors = compile_selector_list(rule.prelude)
        except SelectorError:
            continue
        matcher = matcher or Matcher()
        for selector in selectors:
            if selector.pseudo_element is None:
                matcher.add_selector(selector, declarations)
    return matcher


def _declarations(css: object) -> Iterator[tuple[str, tuple[str, bool]]]:
    for part in tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True):
        if part.type != "declaration":
            continue
        value = tinycss2.serialize(part.value).strip()
        if part.lower_name == "font":  # of the shorthand the size is of interest: "bold 16px serif"
            size = re.search(r"[\d.]+px", value)
            if size:
                yield "font-size", (size[0], part.important)
        elif part.lower_name in _PROPERTIES | _GEOMETRY and not _OUTSIDE.search(value):
            yield part.lower_name, (value, part.important)


def _cascade(told: dict[str, tuple[str, bool]], declarations: Declarations) -> None:
    for name, (value, important) in declarations.items():
        if important or not told.get(name, ("", False))[1]:
            told[name] = (value, important)


def _set(element: ET.Element, told: dict[str, tuple[str, bool]]) -> None:
    if style := element.attrib.pop("style", ""):
        _cascade(told, dict(_declarations(style)))
    for name, (value, _) in told.items():
        element.set(name, value.removesuffix("px") if name in _GEOMETRY else value)
