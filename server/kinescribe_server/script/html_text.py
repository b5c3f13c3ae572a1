"""The words, pictures and comments in a piece of HTML: tags are never shown nor said, the text between them may be."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import unquote

_NOTE = re.compile(r"\s*say:\s*", re.IGNORECASE)
_CHART = re.compile(r"\s*chart:\s*([\w-]+)\s*", re.IGNORECASE)
# Comments that speak to a program: Marp's directives ("_class: lead", "fit"), and those of linters and generators.
_DIRECTIVE = re.compile(
    r"\s*(?:fit|\$?_?(?:marp|theme|size|style|class|paginate|header|footer|color|math|title|author|description|image|url|"
    r"keywords|lang|headingDivider|background\w*|transition|auto-scaling|prettier-\w+|markdownlint-\w+|html|"
    r"inlineSVG)\s*:?.*)\s*",
    re.DOTALL,
)

_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "summary", "details", "td", "th", "dd", "dt"}
_SILENT = {"script", "style", "svg", "template", "picture", "video", "audio", "object", "iframe", "noscript"}


@dataclass(frozen=True, slots=True)
class HtmlImage:
    """A picture in a piece of HTML: its path with escapes undone, and what it shows."""

    path: str
    description: str


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[list[str]] = [[]]
        self.images: list[HtmlImage] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.paragraphs.append([])
        elif tag == "br":
            self.handle_data(" ")
        elif tag == "img":
            given = dict(attrs)
            self.images.append(HtmlImage(unquote(given.get("src") or ""), " ".join((given.get("alt") or "").split())))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.paragraphs.append([])

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.paragraphs[-1].append(data)


def say_note(html: str, *, every: bool = False) -> str:
    """What the `<!-- say: … -->` comments in a piece of HTML ask to be said; "" if there are none. With `every` all
    comments are notes but those that speak to a program, as in Marp."""
    notes = []
    for comment in _split_comments(html)[0]:
        if found := _NOTE.match(comment):
            notes.append(comment[found.end() :])
        elif every and not _DIRECTIVE.fullmatch(comment) and not _CHART.fullmatch(comment):
            notes.append(comment)
    return " ".join(" ".join(note.split()) for note in notes if note.strip())


def chart_kind(html: str) -> str:
    """The kind of chart that a `<!-- chart: bar -->` comment asks for; "" if there is none."""
    found = (_CHART.fullmatch(comment) for comment in _split_comments(html)[0])
    return next((match[1].lower().replace("-", "_") for match in found if match), "")


def html_images(html: str) -> list[HtmlImage]:
    """The pictures in a piece of HTML."""
    return _read(html).images if "<img" in html.lower() else []


def _split_comments(html: str) -> tuple[list[str], str]:
    """The comments of a piece of HTML, and the rest. Linear in its length, as Python's own parser is not for text that
    opens many comments and closes none."""
    comments: list[str] = []
    rest: list[str] = []
    position = 0
    while (start := html.find("<!--", position)) >= 0:
        rest.append(html[position:start])
        end = html.find("-->", start + 4)
        if end < 0:
            return comments, "".join(rest)
        comments.append(html[start + 4 : end])
        position = end + 3
    return comments, "".join([*rest, html[position:]])


def html_words(html: str) -> list[str]:
    """The paragraphs of text in a block of HTML."""
    paragraphs = (" ".join("".join(pieces).split()) for pieces in _read(html).paragraphs)
    return [paragraph for paragraph in paragraphs if any(character.isalnum() for character in paragraph)]


def _read(html: str) -> _Words:
    words = _Words()
    words.feed(_split_comments(html)[1])
    words.close()
    return words
