"""What a loop of Python code does, in a few words."""

import ast

from kinescribe_server.script.narration.phrases import listed
from kinescribe_server.script.spoken_code import say_code

_MOST_UPDATED = 3
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "is less than", ast.LtE: "is at most", ast.Gt: "is greater than", ast.GtE: "is at least",
    ast.Eq: "is", ast.NotEq: "is not", ast.In: "is in", ast.NotIn: "is not in",
}  # fmt: skip


def say_loop(loop: ast.For | ast.AsyncFor | ast.While) -> str:
    """'It goes through items.', 'It repeats while low is less than high.', 'In a loop, it updates step and theta.'."""
    if isinstance(loop, ast.While):
        condition = _condition(loop.test)
        return f"It repeats while {condition}." if condition else _updates(loop)
    match loop.iter:
        case ast.Call(func=ast.Name(id="range"), args=[times]) if said := _value(times):
            return f"It repeats {said} times."
        case ast.Call(func=ast.Name(id="enumerate" | "reversed" | "sorted"), args=[items, *_]):
            said = _value(items)
        case items:
            said = _value(items)
    return f"It goes through {said}." if said else _updates(loop)


def _updates(loop: ast.For | ast.AsyncFor | ast.While) -> str:
    inner = list(ast.walk(loop))
    targets = [part for node in inner if isinstance(node, ast.For | ast.AsyncFor) for part in ast.walk(node.target)]
    counters = {node.id for node in targets if isinstance(node, ast.Name)}
    stored = [node.id for node in inner if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    names = dict.fromkeys(name for name in stored if name not in counters)
    updated = [said for name in names if (said := say_code(name, english=True))]
    return f"In a loop, it updates {listed(updated)}." if 0 < len(updated) <= _MOST_UPDATED else "It works in a loop."


def _condition(test: ast.expr) -> str:
    """A comparison of simple values in words; "" for any other condition."""
    match test:
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARED:
            both = (_value(left), _value(right))
            return f"{both[0]} {_COMPARED[type(operator)]} {both[1]}" if all(both) else ""
        case _:
            return ""


def _value(node: ast.expr) -> str:
    """A name or a number in words; "" for what is more than that."""
    match node:
        case ast.Name() | ast.Attribute(value=ast.Name()):
            return say_code(ast.unparse(node), english=True)
        case ast.Constant(value=bool()):
            return ""
        case ast.Constant(value=int() | float()):
            return ast.unparse(node)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name() as items]):
            return f"the length of {say_code(items.id, english=True)}"
        case _:
            return ""
