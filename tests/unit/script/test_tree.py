"""The tree of a document's blocks."""

from kinescribe_server.script.markdown import parse_markdown
from kinescribe_server.script.tree import tree_of


def test_blocks_stand_in_the_blocks_that_hold_them() -> None:
    heading, items = tree_of(parse_markdown("# One\n\n- two\n  - three\n- four"))
    assert [child.content for child in heading.children] == ["One"]
    assert [node.content for node in items.walk() if node.type == "inline"] == ["two", "three", "four"]
    assert [item.type for item in items.children] == ["list_item", "list_item"]
    assert [child.type for child in items.children[0].children] == ["paragraph", "bullet_list"]


def test_a_line_of_text_is_one_node_whatever_is_in_it() -> None:
    (paragraph,) = tree_of(parse_markdown("**bold** and `code`"))
    (line,) = paragraph.children
    assert line.children == []
    assert line.token.children
