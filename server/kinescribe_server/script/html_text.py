"""The words and the speaker notes in a piece of HTML: tags are never shown nor said, the text between them may be."""

import re
from html.parser import HTMLParser

_NOTE = re.compile(r"\s*say:\s*", re.IGNORECASE)

_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "summary", "details", "td", "th", "dd", "dt"}
_SILENT = {"script", "style", "svg", "template", "picture", "video", "audio", "object", "iframe", "noscript"}


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[list[str]] = [[]]
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BLOCKS:
            self.paragraphs.append([])
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.paragraphs.append([])

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.paragraphs[-1].append(data)


def say_note(html: str) -> str:
    """What the `<!-- say: … -->` comments in a piece of HTML ask to be said; "" if there are none."""
    notes = (comment[found.end() :] for comment in _split_comments(html)[0] if (found := _NOTE.match(comment)))
    return " ".join(" ".join(note.split()) for note in notes if note.strip())


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
    words = _Words()
    words.feed(_split_comments(html)[1])
    words.close()
    paragraphs = (" ".join("".join(pieces).split()) for pieces in words.paragraphs)
    return [paragraph for paragraph in paragraphs if any(character.isalnum() for character in paragraph)]
