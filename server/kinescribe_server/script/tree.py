"""The blocks of a Markdown document as a tree. markdown-it-py's own tree makes a node of every piece of a line too,
which takes most of its time and is not looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from markdown_it.token import Token


@dataclass(slots=True)
class Node:
    """A block and the blocks in it; a line of text is a node "inline" whose pieces are its token's children. `token` is
    the one that opens the block, or all that there is of it."""

    type: str
    token: Token
    children: list["Node"] = field(default_factory=list)

    @property
    def content(self) -> str:
        return self.token.content

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()


def tree_of(tokens: Iterable[Token]) -> list[Node]:
    """The outermost blocks of a document."""
    outermost: list[Node] = []
    open_lists = [outermost]
    for token in tokens:
        if token.nesting < 0:
            open_lists.pop()
            continue
        node = Node(token.type.removesuffix("_open"), token)
        open_lists[-1].append(node)
        if token.nesting > 0:
            open_lists.append(node.children)
    return outermost
