"""The pictures that a text names: which they are, which of them may be read, and from where."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kinescribe.cli.inputs import SourceText
from kinescribe.cli.picture_files import (
    ForeignPictureError,
    MissingPictureError,
    PictureError,
    PictureFile,
    UnfitPictureError,
    find,
)

# The service's limits of a request.
_MAX_PICTURES = 200
_MAX_PATH_CHARACTERS = 1_000
# As deep as the service's own parser looks.
_MAX_NESTING = 40

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """A picture as a text names it: its path with escapes undone, the line counted from 1, and whether it is a link to
    something else, as badges are."""

    path: str
    line: int
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of a text that can be shown, by the paths that the text has, what is said about the others, and what
    has to be mended first."""

    files: dict[str, PictureFile] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def pictures_of(source: SourceText) -> Pictures:
    """Looks for the pictures that a text names, in the folder that the text is in and beneath it."""
    found = Pictures()
    for named in _each_once(named_pictures(source.text)):
        where = f"{source.name}:{named.line}: picture {_shown(named.path)}"
        try:
            found.files[named.path] = _find(source, named.path)
        except MissingPictureError as error:
            found.problems.append(f"{where}: {error}")
        except PictureError as error:
            # A badge that links somewhere is no picture of the film's, and nobody misses it.
            if not (named.linked and isinstance(error, ForeignPictureError)):
                found.warnings.append(f"{where} is not shown: {error}")
    if len(found.files) > _MAX_PICTURES:
        found.problems.append(f"{source.name}: names {len(found.files)} pictures; at most {_MAX_PICTURES} are allowed")
    return found


def _find(source: SourceText, path: str) -> PictureFile:
    if source.path is None:
        raise ForeignPictureError("a text from standard input has no folder to read pictures from")
    picture = find(path, source.path.parent)
    if len(path) > _MAX_PATH_CHARACTERS:
        raise UnfitPictureError(f"its path is longer than {_MAX_PATH_CHARACTERS:,} characters")
    return picture


def _each_once(pictures: Sequence[NamedPicture]) -> list[NamedPicture]:
    """The first mention of each; one that is shown plainly somewhere is shown."""
    first: dict[str, NamedPicture] = {}
    for picture in sorted(pictures, key=lambda picture: picture.linked):
        first.setdefault(picture.path, picture)
    return sorted(first.values(), key=lambda picture: picture.line)


def named_pictures(text: str) -> list[NamedPicture]:
    """The pictures in a Markdown text: images, images by reference, and <img> in HTML."""
    if "![" not in text and "<img" not in text.lower():
        return []
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("table")
    # The parser would take ![x](file:///x) for words; here it is a picture, so that it can be refused.
    parser.validateLink = _any_link  # type: ignore[method-assign]
    return [picture for token in parser.parse(text) for picture in _in_block(token) if picture.path]


def _any_link(url: str) -> bool:
    return True


def _in_block(token: Token) -> Iterator[NamedPicture]:
    first_line = token.map[0] + 1 if token.map else 1
    if token.type == "html_block":
        yield from _in_html(token.content, first_line)
    elif token.type == "inline":
        yield from _in_line(token.children or [], first_line)


def _in_line(children: Sequence[Token], line: int) -> Iterator[NamedPicture]:
    tags = _ImageReader(line)
    links = 0
    for child in children:
        match child.type:
            case "softbreak" | "hardbreak":
                tags.first_line += 1
            case "link_open":
                links += 1
            case "link_close":
                links -= 1
            case "image":
                yield NamedPicture(unquote(str(child.attrs.get("src", ""))), tags.line, linked=links > 0)
            case "html_inline":
                tags.feed(child.content)  # one tag or comment, whole
                yield from tags.taken(linked=links > 0)


def _in_html(html: str, first_line: int) -> Iterator[NamedPicture]:
    # Comments hide what is in them. They are blanked here because Python's parser takes long for unclosed ones.
    tags = _ImageReader(first_line)
    tags.feed(_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), html))
    tags.close()
    yield from tags.taken()


class _ImageReader(HTMLParser):
    """Collects <img> from HTML that begins on `first_line`."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.first_line = first_line
        self._found: list[NamedPicture] = []
        self._links = 0

    @property
    def line(self) -> int:
        return self.first_line + self.getpos()[0] - 1

    def taken(self, *, linked: bool = False) -> list[NamedPicture]:
        """What was found since the last time; `linked` says whether all of it is in a link."""
        found, self._found = self._found, []
        return [replace(picture, linked=picture.linked or linked) for picture in found]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._links += 1
        elif tag == "img":
            path = unquote((dict(attrs).get("src") or "").strip())
            self._found.append(NamedPicture(path, self.line, linked=self._links > 0))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._links = max(0, self._links - 1)


def _shown(path: str) -> str:
    return f'"{path[:_SHOWN_CHARACTERS]}…"' if len(path) > _SHOWN_CHARACTERS else f'"{path}"'
