"""What Presenton reads of a slide: all of its words, and nothing that does more than words do."""

import pytest
from markdown_it import MarkdownIt

from kinescribe_server.script.model import (
    Bullet,
    BulletList,
    Columns,
    Image,
    Paragraph,
    Quote,
    Slide,
    Table,
    TableRow,
)
from kinescribe_server.visuals.presenton_markdown import has_pictures, slide_markdown

EVERYTHING = Slide(
    "Title",
    "Subtitle",
    (
        Paragraph("A paragraph\nof two lines."),
        BulletList((Bullet("One"), Bullet("Deeper", 1), Bullet("Two"))),
        BulletList((Bullet("Third"), Bullet("Aside", 1), Bullet("Fourth")), ordered=True, start=3),
        Quote("To be", "W. S."),
        Table(("a|b", "c"), (TableRow(("1",)), TableRow(("2", "3")))),
        Columns((Paragraph("Left"),), (Paragraph("Right"),)),
    ),
)


def html(slide: Slide) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(slide_markdown(slide))).replace("\n", "")


def test_every_block_of_a_slide_is_the_block_of_markdown_that_it_looks_like() -> None:
    assert html(EVERYTHING) == (
        "<h1>Title</h1><p>Subtitle</p><p>A paragraph of two lines.</p>"
        "<ul><li>One<ul><li>Deeper</li></ul></li><li>Two</li></ul>"
        '<ol start="3"><li>Third<ul><li>Aside</li></ul></li><li>Fourth</li></ol>'
        "<blockquote><p>To be— W. S.</p></blockquote>"
        "<table><thead><tr><th>a|b</th><th>c</th></tr></thead>"
        "<tbody><tr><td>1</td><td></td></tr><tr><td>2</td><td>3</td></tr></tbody></table>"
        "<p>Left</p><p>Right</p>"
    )


@pytest.mark.parametrize(
    "text", ["# one", "- one", "1. one", "> one", "``` one", "* one", "---", "+ one", "1) x", "-5 °C", "*"]
)
def test_what_looks_like_markdown_stays_a_paragraph(text: str) -> None:
    assert html(Slide("", "", (Paragraph(text),))) == f"<p>{text.replace('>', '&gt;')}</p>"


@pytest.mark.parametrize("text", ["3.5 GHz", "-5 °C", "#hash", "...", "2026-11-22", "a: b", "C++ // comment"])
def test_what_only_begins_like_it_is_left_alone(text: str) -> None:
    assert slide_markdown(Slide("", "", (Paragraph(text),))) == text


@pytest.mark.parametrize(
    "text",
    [
        "http://169.254.169.254/latest/x.png",
        "see ![this](https://internal/a.jpg) now",
        '<img src="HTTPS://internal/a.webp">',
        "file:///etc/passwd",
        "hthttp://tp://internal/a.png",
        "http:/http:////internal/a.png",
    ],
)
def test_no_text_of_a_slide_makes_presenton_load_a_picture(text: str) -> None:
    bullets = BulletList((Bullet(text),))
    written = slide_markdown(Slide(text, text, (Paragraph(text), bullets, Quote(text, text), Table((text,)))))

    assert "![" not in written
    assert "http://" not in written.lower()
    assert "https://" not in written.lower()
    assert "file://" not in written.lower()
    assert "<img" not in html(Slide("", "", (Paragraph(text),)))


def test_a_slide_without_words_is_still_a_slide() -> None:
    assert slide_markdown(Slide()) == "#"


def test_pictures_are_found_wherever_they_stand() -> None:
    picture = Image("photo.png")
    assert has_pictures(Slide("", "", (picture,)))
    assert has_pictures(Slide("", "", (Columns((Paragraph("x"),), (picture,)),)))
    assert not has_pictures(EVERYTHING)
