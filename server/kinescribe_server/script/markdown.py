"""The Markdown that is understood: CommonMark with tables, strikethrough, footnotes and formulas in dollars."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_block_dollar
from mdit_py_plugins.footnote import footnote_plugin

# Deeper blocks are left out by the parser. A person nests five deep; the limit keeps recursion far from Python's.
_MAX_NESTING = 40


def parse_markdown(body: str) -> list[Token]:
    """The tokens of a Markdown document."""
    return _parser().parse(body, {})


def plain_words(tokens: Iterable[Token]) -> str:
    """The text of a document without code, formulas and HTML, for telling its language."""
    children = (child for token in tokens if token.type == "inline" for child in token.children or ())
    return " ".join(child.content for child in children if child.type == "text")


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False, move_to_end=False)
    # "$5 and $6" is money: no space inside the dollars and no digit after them, as in Pandoc.
    parser.use(
        dollarmath_plugin,
        allow_labels=False,
        allow_space=False,
        allow_digits=False,
        allow_blank_lines=False,
        double_inline=True,
    )
    find_math_block = math_block_dollar(allow_labels=False, allow_blank_lines=False)

    def math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        # The plugin looks for the closing line down to the next blank one from every list item that opens with
        # dollars, which takes minutes for a hostile text. Where there is none, it need not look.
        return _closes(state, start) and find_math_block(state, start, end, silent)

    parser.block.ruler.at("math_block", math_block)
    return parser


def _closes(state: StateBlock, start: int) -> bool:
    """Whether a line that ends in dollars comes before the next blank line."""
    if "math_lines" not in state.env:
        lines = [line.rstrip() for line in state.src.split("\n")]
        closing = [number for number, line in enumerate(lines) if line.endswith("$$")]
        blank = [number for number, line in enumerate(lines) if not line]
        state.env["math_lines"] = (closing, blank)
    closing, blank = state.env["math_lines"]
    next_closing, next_blank = bisect_left(closing, start), bisect_left(blank, start)
    if next_closing == len(closing):
        return False
    return next_blank == len(blank) or bool(closing[next_closing] < blank[next_blank])
