import pytest

from kinescribe_server.visuals.drawing import safe_drawing

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 50"{}>{}</svg>'
)


def drawn(content: str, attributes: str = "") -> str:
    return SVG.format(attributes, content)


def test_a_drawing_keeps_shapes_and_loses_what_could_act() -> None:
    drawing = safe_drawing(
        drawn(
            "<style>@import url(http://evil.example); rect{fill:url(http://evil.example)}</style><script>alert(1)</script>"
            '<image href="http://evil.example/x.png"/><foreignObject><p>x</p></foreignObject><animate/>'
            '<use xlink:href="http://evil.example#x"/>'
            '<rect fill="url(http://evil.example)" stroke="url(#here)" width="5"/>'
            '<a href="javascript:alert(1)"><text x="2" y="9" font-size="12">Word</text></a>',
            ' style="--x:1;font:16px serif;fill:red" onload="alert(1)"',
        ),
        "Inter",
    )

    for gone in ("evil", "script", "image", "foreignObject", "animate", "onload", "<a", "--x", "serif", "style"):
        assert gone not in drawing.svg
    assert "url(#here)" in drawing.svg
    assert (drawing.width, drawing.height, drawing.text_size) == (100, 50, 12)
    assert [(label.text, label.x, label.y, label.color) for label in drawing.labels] == [("Word", 2, 9, "red")]


@pytest.mark.parametrize(
    "svg",
    [
        "no markup",
        "<html/>",
        "<svg/>",
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 0"/>',
        '<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;">]>' + drawn("<text>&b;</text>"),
        '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + drawn("<text>&a;</text>"),
    ],
)
def test_what_is_no_drawing_is_refused(svg: str) -> None:
    with pytest.raises(ValueError, match=r"svg|viewBox|draw|formed|entities"):
        safe_drawing(svg, "Inter")


def test_style_sheets_become_attributes_in_the_order_of_the_cascade() -> None:
    drawing = safe_drawing(
        drawn(
            "<style>.a{fill:#111111} g .a{fill:#222222} #b{fill:#333333} .c{fill:#444444!important}"
            "@media print{*{fill:red}}</style><g><text class='a'>one</text><text class='a' id='b'>two</text>"
            "<text class='a c' id='b' style='fill:#555555'>three</text><text fill='#666666'>four</text></g>"
        ),
        "Inter",
    )

    assert [label.color for label in drawing.labels] == ["#222222", "#333333", "#444444", "#666666"]


def test_lines_of_text_are_where_their_transforms_put_them() -> None:
    drawing = safe_drawing(
        drawn(
            '<g transform="translate(10,20) scale(2)"><text x="1" y="2" text-anchor="middle" font-size="5">'
            '<tspan x="1">first</tspan>'
            '<tspan x="1" dy="1em">se<tspan font-weight="bold">cond</tspan></tspan></text></g>'
            '<text transform="rotate(-90)" x="-30" y="5">turned</text><text display="none">hidden</text>'
        ),
        "Inter",
    )

    first, second, turned = drawing.labels
    assert (first.text, first.x, first.y, first.size, first.anchor) == ("first", 12, 24, 10, "middle")
    assert (second.text, second.x, second.y) == ("second", 12, 34)
    assert (round(turned.x), round(turned.y), round(turned.direction[1])) == (5, 30, -1)


def test_what_stands_out_of_the_box_makes_it_larger() -> None:
    drawing = safe_drawing(drawn('<path d="M-20,10 L90,70"/><text x="95" y="20">a long name</text>'), "Inter")

    assert drawing.left < -20
    assert drawing.top == 0
    assert drawing.left + drawing.width > 95 + 60
    assert drawing.top + drawing.height > 70
