"""The inline content of Markdown as Text: no addresses, no signs, emphasis dropped, code and formulas as atoms."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from markdown_it.token import Token

from kinescribe_server.script.html_text import html_images, say_note
from kinescribe_server.script.spoken_code import say_code
from kinescribe_server.script.spoken_formula import formula_atom
from kinescribe_server.script.text import Atom, Text, mark, without_addresses

# Pictographs, with the signs that join and colour them: shown, never said.
_PICTOGRAPHS = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u200d\u20e3]+")
# ":tada:" names a pictograph, ":ref:" a role of another markup: neither is text.
_SHORT_CODES = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]*:(?![\w:])")
_SPACES = re.compile(r"\s+")
# Signs between or before numbers and letters, and how they are said. Elsewhere most of them are markup, and silent.
_OPERATORS = {
    "→": "to", "⇒": "to", "➜": "to", "⟶": "to", "->": "to", "=>": "to", "<=": "at most", ">=": "at least",
    "!=": "not equal to", "<": "less than", ">": "greater than", "~": "about", "*": "times", "^2": "squared",
    "^3": "cubed", "^": "to the",
}  # fmt: skip
_ARROWS = "→⇒➜⟶"
_OPERATOR = re.compile(
    r" ?[→⇒➜⟶] ?"
    r"|(?<=[\w)]) ?(?:<=|>=|!=|->|=>) ?(?=[\w($£€-])"
    r"|(?<![<>=-])[<>] ?(?=[$£€]?\d)|(?<=\b\w) [<>] (?=\w\b)"
    r"|(?<![\w~])~ ?(?=[$£€]?\d)"
    r"|(?:(?<=\d)|(?<=\b\w)) \* (?=\d|\w\b)"
    r"|(?<=[^\W_])\^(?:[23](?!\w)|(?=[\w(−-]))"
)


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture in a text: its path with escapes undone, what it shows, its title, and whether it is a link to
    something else, as badges are."""

    path: str
    description: str
    title: str = ""
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Inline:
    """Inline content as Text, what its `<!-- say: … -->` comments ask for (all of its comments in a deck of slides),
    and the images in it."""

    text: Text
    note: str = ""
    images: tuple[InlineImage, ...] = ()


def read_inline(token: Token | None, language: str, *, all_notes: bool = False) -> Inline:
    """Reads the children of an inline token."""
    pieces: list[str] = []
    atoms: list[Atom] = []
    notes: list[str] = []
    images: list[InlineImage] = []
    links = 0

    def add(atom: Atom) -> None:
        pieces.append(mark(len(atoms)))
        atoms.append(atom)

    english = is_english(language)
    for child in (token.children or ()) if token else ():
        match child.type:
            case "text" | "text_special":
                _add_plain(child.content, english, pieces, atoms)
            case "code_inline":
                add(Atom(child.content.strip(), say_code(child.content, english=english)))
            case "math_inline" | "math_inline_double":
                add(formula_atom(child.content, language))
            case "softbreak" | "hardbreak":
                pieces.append(" ")
            case "html_inline":
                notes.append(say_note(child.content, every=all_notes))
                images += [InlineImage(found.path, found.description) for found in html_images(child.content)]
                pieces.append(" " if child.content.lower().startswith("<br") else "")
            case "link_open":
                links += 1
            case "link_close":
                links -= 1
            case "image":
                path, title = unquote(str(child.attrs["src"])), str(child.attrs.get("title", ""))
                images.append(InlineImage(path, " ".join(child.content.split()), " ".join(title.split()), links > 0))
    return Inline(Text(" ".join("".join(pieces).split()), tuple(atoms)), " ".join(filter(None, notes)), tuple(images))


def read_plain(text: str, language: str) -> Text:
    """Text that is not Markdown, as Text."""
    pieces: list[str] = []
    atoms: list[Atom] = []
    _add_plain(text, is_english(language), pieces, atoms)
    return Text(" ".join("".join(pieces).split()), tuple(atoms))


def is_english(language: str) -> bool:
    """Whether sentences of our own may be put into a text of that language; an unknown one counts as English."""
    return language.split("-", maxsplit=1)[0].lower() in {"", "en"}


def _add_plain(content: str, english: bool, pieces: list[str], atoms: list[Atom]) -> None:
    """Adds text, with atoms for what is shown and said differently in it."""
    content = _SPACES.sub(" ", content)
    content = _SHORT_CODES.sub("", without_addresses(content))
    last = 0
    for found in re.finditer(f"{_PICTOGRAPHS.pattern}|{_OPERATOR.pattern}", content):
        pieces += [content[last : found.start()], mark(len(atoms))]
        sign = found[0].strip()
        atoms.append(Atom(found[0], _said(sign, english)))
        last = found.end()
    pieces.append(content[last:])


def _said(sign: str, english: bool) -> str:
    """A sign between words as it is said; a pictograph is not."""
    if sign not in _OPERATORS:
        return ""
    if english:
        return f" {_OPERATORS[sign]} "
    return ", " if sign in _ARROWS else " "
