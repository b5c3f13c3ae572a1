"""Which visual types there are, and who draws them.

Plain tuples, so that reading the table imports no renderer: the maker's name, where its function is, and the
distributions whose versions decide what it draws (they are part of a result's key).
"""

MakerEntry = tuple[str, str, tuple[str, ...]]

_HERE = "kinescribe_server.visuals"
_PAGE = ("typst", "fontpkg-inter", "fontpkg-jetbrains-mono", "manimgx-fonts", "manimgx-fonts-cjk", "kinescribe")

# Makers in the order in which they are tried.
VISUAL_MAKERS: dict[str, tuple[MakerEntry, ...]] = {
    "slide": (("slide", f"{_HERE}.slide:make_slide", _PAGE),),
    "diagram": (
        (
            "mermaid-render",
            f"{_HERE}.mermaid:make_diagram_with_mermaid_render",
            ("mermaid-render", "quickjs-ng", *_PAGE),
        ),
        ("mmdr", f"{_HERE}.mermaid:make_diagram_with_mmdr", ("mmdr", *_PAGE)),
    ),
    "code": (("code", f"{_HERE}.code:make_code", _PAGE),),
    "formula": (("mathra", f"{_HERE}.formula:make_formula", ("mathra", *_PAGE)),),
    "image": (("image", f"{_HERE}.image:make_image", ("pillow", *_PAGE)),),
}

PLACEHOLDER: MakerEntry = ("placeholder", f"{_HERE}.placeholder:make_placeholder", _PAGE)
