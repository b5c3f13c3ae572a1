"""A document as the script writer sees it: sections of blocks."""

from dataclasses import dataclass, field

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.script.model import Alignment, Chart
from kinescribe_server.script.text import Text


@dataclass(frozen=True, slots=True)
class ProseBlock:
    """A paragraph. Every block carries its speaker note: what the author wants said in place of what we would say."""

    text: Text
    note: str = ""


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list; `level` is its depth, 0 to 2."""

    text: Text
    level: int = 0


@dataclass(frozen=True, slots=True)
class ListBlock:
    """A list, flattened: children follow their parents. `first` is the number of the first item, None without one."""

    items: tuple[ListItem, ...]
    first: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table; every row has as many cells as the header. `alignments` are as in a slide; `chart` is the chart that the
    text asks for in its place."""

    header: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]
    alignments: tuple[Alignment, ...]
    note: str = ""
    chart: Chart | None = None


@dataclass(frozen=True, slots=True)
class QuoteBlock:
    """The words quoted, and who said them."""

    text: Text
    attribution: Text = field(default_factory=lambda: Text(""))
    note: str = ""


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Source code and the name of its language ("" where none is given)."""

    source: str
    language: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DiagramBlock:
    """A Mermaid diagram."""

    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class FormulaBlock:
    """A displayed formula in LaTeX, without delimiters."""

    latex: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImageBlock:
    """A picture: the attachment that holds it ("" where it is missing), what it shows, its title, and what the name of
    its file says."""

    attachment: str
    description: str
    title: str = ""
    name: str = ""
    note: str = ""


Block = ProseBlock | ListBlock | TableBlock | QuoteBlock | CodeBlock | DiagramBlock | FormulaBlock | ImageBlock


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (empty before the first one; its level is then 0) and the blocks up to the next heading."""

    heading: Text
    level: int
    blocks: tuple[Block, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. `title` is the one that its front matter gives; `remarks` are what its speaker says, where that
    belongs to no block; `notices` say what of it was left out."""

    title: str
    sections: tuple[Section, ...]
    remarks: str = ""
    notices: tuple[Notice, ...] = ()
