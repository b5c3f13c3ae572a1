"""Markdown tokens to a Document."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from markdown_it.token import Token

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.chart_table import chart_of_table
from kinescribe_server.script.document import (
    Block,
    CodeBlock,
    DiagramBlock,
    Document,
    FormulaBlock,
    ImageBlock,
    ListBlock,
    ListItem,
    ProseBlock,
    QuoteBlock,
    Section,
    TableBlock,
)
from kinescribe_server.script.html_text import chart_kind, html_images, html_words, say_note
from kinescribe_server.script.inline import Inline, InlineImage, read_inline, read_plain
from kinescribe_server.script.model import Alignment, Table, TableRow
from kinescribe_server.script.text import Text
from kinescribe_server.script.tree import Node, tree_of

MAX_LIST_LEVEL = 2
# A path in a message.
_MOST_PATH = 80
_MATH_LANGUAGES = {"math", "latex", "tex"}
# The state of a build is nothing to look at.
_BADGE = re.compile(r"badge|shields\.io|/workflows/|travis|codecov|coveralls", re.IGNORECASE)
_NOTE = re.compile(r"(?:Notes?|NOTES?):(?:\s+|$)")
_TASK = re.compile(r"\[[ xX]\]\s+")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
_ATTRIBUTION = re.compile(r"(?:—|–|--|―)\s*(?=\S)")


def read_document(
    tokens: Sequence[Token], language: str, title: str, images: Mapping[str, str], *, slides: bool = False
) -> Document:
    """Reads a parsed document; formulas and code are said in `language`, `images` maps paths to attachments. In
    `slides` every comment is a remark of the speaker."""
    reader = _Reader(language, images, slides)
    reader.read(tree_of(tokens))
    sections = tuple(reader.finished())
    return Document(title, sections, reader.remarks, tuple(reader.notices))


@dataclass
class _Reader:
    """Collects sections while it walks the tree."""

    language: str
    images: Mapping[str, str]
    slides: bool
    remarks: str = ""
    notices: list[Notice] = field(default_factory=list)
    _sections: list[Section] = field(default_factory=lambda: [Section(Text(""), 0)])
    _blocks: list[Block] = field(default_factory=list)
    _waiting_note: str = ""
    _waiting_chart: str = ""
    _noting: bool = False

    def finished(self) -> list[Section]:
        self._close_section()
        return [section for section in self._sections if section.heading or section.blocks or section.note]

    def read(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if self._noting and node.type in {"paragraph", "bullet_list", "ordered_list"}:
                self._take_note(
                    " ".join(self._inline(part).text.said for part in node.walk() if part.type == "paragraph")
                )
                continue
            self._noting = False
            match node.type:
                case "heading":
                    self._open_section(node)
                case "paragraph":
                    self._read_paragraph(node)
                case "bullet_list" | "ordered_list":
                    self._read_list(node)
                case "fence":
                    self._add(_fenced(node.content, *node.token.info.lower().split()[:1]))
                case "code_block":
                    self._add(_indented(node.content, self.language))
                case "math_block":
                    self._add(FormulaBlock(node.content.strip()))
                case "table":
                    self._read_table(node)
                case "blockquote":
                    self._read_quote(node)
                case "html_block":
                    self._read_html(node.content)
                case _:
                    self.read(node.children)

    def _open_section(self, node: Node) -> None:
        self._close_section()
        inline = self._inline(node)
        self._sections.append(Section(inline.text, int(node.token.tag[1:]), note=inline.note))

    def _close_section(self) -> None:
        section = self._sections[-1]
        note = " ".join(filter(None, (section.note, self._waiting_note)))
        self._sections[-1] = replace(section, blocks=tuple(self._blocks), note=note)
        self._blocks, self._waiting_note = [], ""

    def _add(self, block: Block | None) -> None:
        if block is None:
            return
        self._blocks.append(replace(block, note=self._waiting_note) if self._waiting_note else block)
        self._waiting_note = ""

    def _take_note(self, note: str) -> None:
        """Gives a speaker note to the block before it, or to the first block to come."""
        if not note:
            return
        if self.slides:
            self.remarks = f"{self.remarks} {note}".strip()
        elif self._blocks:
            last = self._blocks[-1]
            self._blocks[-1] = replace(last, note=f"{last.note} {note}".strip())
        else:
            self._waiting_note = f"{self._waiting_note} {note}".strip()

    def _inline(self, node: Node) -> Inline:
        token = node.children[0].token if node.children else None
        return read_inline(token, self.language, all_notes=self.slides)

    def _add_images(self, images: Sequence[InlineImage], *, alone: bool) -> None:
        """A picture that is there is shown; one that is missing only where it stands alone, so that its placeholder
        says so. Small ones in a line of text, and rows of them, are decoration."""
        for image in images:
            if image.path not in self.images and (image.linked or _BADGE.search(image.path)):
                continue
            attachment = self.images.get(image.path, "")
            if attachment or (alone and len(images) == 1 and image.description):
                name = _name_of(image.path)
                self._add(ImageBlock(attachment, image.description or name, image.title, name))
            if not attachment:
                shown = image.path if len(image.path) <= _MOST_PATH else f"{image.path[:_MOST_PATH]}…"
                self.notices.append(Notice("PICTURE_MISSING", f"the picture {shown!r} was not uploaded"))

    def _read_paragraph(self, node: Node) -> None:
        formulas = _only_formulas(node)
        if formulas:
            for latex in formulas:
                self._add(FormulaBlock(latex))
            return
        inline = self._inline(node)
        # "**Note**: …" is for the reader; a note to the speaker is plain.
        plain = bool(node.children) and _NOTE.match(node.children[0].content)
        if plain and (note := _NOTE.match(inline.text.marked)):
            self._take_note(inline.text.part(inline.text.marked[note.end() :]).said)
            self._noting = note.end() == len(inline.text.marked)
            return
        if inline.text:
            self._add(ProseBlock(inline.text))
        self._add_images(inline.images, alone=not inline.text)
        self._take_note(inline.note)

    def _read_list(self, node: Node) -> None:
        """Reads a list. A block in it that is no text (code, a table) ends the list; the rest goes on after it."""
        ordered = node.type == "ordered_list"
        start = int(node.token.attrs.get("start", 1)) if ordered else None
        items: list[ListItem] = []
        notes: list[str] = []
        done = 0

        def close() -> None:
            nonlocal items, done
            if items:
                self._add(ListBlock(tuple(items), None if start is None else start + done))
                self._take_note(" ".join(notes))
            done += sum(1 for item in items if item.level == 0)
            items, notes[:] = [], []

        for text, level, block in self._entries(node, 0):
            if block is None:
                items.append(ListItem(text, level))
            elif block.type == "html_block" and (note := say_note(block.content)):
                notes.append(note)
            else:
                close()
                self.read([block])
        close()

    def _entries(self, node: Node, level: int) -> Iterator[tuple[Text, int, Node | None]]:
        """The items of a list and of the lists in it, and the blocks between that are no text."""
        for item in node.children:
            text = Text("")
            for child in item.children:
                if child.type == "paragraph" and not _only_formulas(child):
                    inline = self._inline(child)
                    more = inline.text.part(_TASK.sub("", inline.text.marked, count=1))
                    text = Text.joined([part for part in (text, more) if part])
                    continue
                if text:
                    yield text, level, None
                    text = Text("")
                if child.type in {"bullet_list", "ordered_list"}:
                    yield from self._entries(child, min(level + 1, MAX_LIST_LEVEL))
                else:
                    yield Text(""), level, child
            if text:
                yield text, level, None

    def _read_quote(self, node: Node) -> None:
        paragraphs = [child for child in node.children if child.type == "paragraph"]
        if len(paragraphs) != len(node.children):
            self.read(node.children)
            return
        inlines = [self._inline(child) for child in paragraphs]
        texts = [inline.text for inline in inlines if inline.text]
        if texts and (alert := _ALERT.match(texts[0].marked)):
            texts[0] = texts[0].part(f"{alert[1].capitalize()}: {texts[0].marked[alert.end() :]}")
            for text in filter(None, texts):
                self._add(ProseBlock(text))
        elif texts:
            self._add(_quote(texts, paragraphs[-1], self.language))
        self._take_note(" ".join(inline.note for inline in inlines if inline.note))

    def _read_html(self, html: str) -> None:
        self._take_note(say_note(html, every=self.slides))
        self._waiting_chart = chart_kind(html) or self._waiting_chart
        for words in html_words(html):
            self._add(ProseBlock(read_plain(words, self.language)))
        for image in html_images(html):
            self._add_images([InlineImage(image.path, image.description)], alone=False)

    def _read_table(self, node: Node) -> None:
        table = _table(node, self.language)
        if table and self._waiting_chart:
            try:
                table = replace(table, chart=chart_of_table(shown_table(table), self._waiting_chart, ""))
            except MakeError as error:
                self.notices.append(Notice(error.reason, f"a table is shown in place of its chart: {error.message}"))
        self._waiting_chart = ""
        self._add(table)


def _fenced(source: str, language: str = "") -> Block | None:
    if not source.strip():
        return None
    if language == "mermaid":
        return DiagramBlock(source.strip("\n"))
    if language in _MATH_LANGUAGES:
        return FormulaBlock(source.strip())
    return CodeBlock(source.strip("\n").expandtabs(4), re.sub(r"[^\w+#.-]", "", language))


def _indented(source: str, language: str) -> Block:
    """Indented lines are code in Markdown, but a plain text's indented paragraph is prose."""
    words = source.split()
    if len(words) >= 8 and source.rstrip()[-1:] in ".!?" and not re.search(r"[{}=<>;$\\#|]|\w\(", source):
        return ProseBlock(read_plain(" ".join(words), language))
    return CodeBlock(source.strip("\n").expandtabs(4))


def _only_formulas(paragraph: Node) -> list[str]:
    """The formulas of a paragraph that is nothing but displayed formulas ($$…$$ on one line)."""
    token = paragraph.children[0].token if paragraph.children else None
    children = [child for child in (token.children or ()) if child.type != "softbreak"] if token else []
    if children and all(child.type == "math_inline_double" for child in children):
        return [child.content.strip() for child in children]
    return []


def _name_of(path: str) -> str:
    """What the name of a file says: "system overview" for "img/system-overview.png"."""
    return " ".join(re.split(r"[\W_]+", PurePosixPath(path).stem)).strip()


def _table(node: Node, language: str) -> TableBlock | None:
    rows = [row.children for part in node.children for row in part.children]

    def read(cell: Node) -> Text:
        return read_inline(cell.children[0].token if cell.children else None, language).text

    cells = [tuple(read(cell) for cell in row) for row in rows]
    body = tuple(row for row in cells[1:] if any(row))
    if not any(cells[0]) and not body:
        return None
    return TableBlock(cells[0], body, tuple(_alignment(cell) for cell in rows[0]))


def shown_table(block: TableBlock) -> Table:
    """A table as it is shown on a slide."""
    rows = tuple(TableRow(tuple(cell.shown for cell in row)) for row in block.rows)
    return Table(tuple(cell.shown for cell in block.header), rows, block.alignments)


def _alignment(cell: Node) -> Alignment:
    match cell.token.attrs.get("style"):
        case "text-align:left":
            return "left"
        case "text-align:center":
            return "center"
        case "text-align:right":
            return "right"
        case _:
            return "unspecified"


def _quote(texts: Sequence[Text], last: Node, language: str) -> QuoteBlock:
    """A quotation; a last line or paragraph that opens with a dash says whose it is."""
    *before, final = texts
    if before and (dash := _ATTRIBUTION.match(final.marked)):
        return QuoteBlock(Text.joined(before), final.part(final.marked[dash.end() :]))
    lines = last.children[0].content.split("\n") if last.children else []
    if len(lines) > 1 and _ATTRIBUTION.match(lines[-1]):
        found = list(_ATTRIBUTION.finditer(final.marked))[-1]
        quoted = final.part(final.marked[: found.start()].strip())
        return QuoteBlock(Text.joined([*before, quoted]), final.part(final.marked[found.end() :]))
    return QuoteBlock(Text.joined(texts))
