"""How inline code and names of programs are said: their words, without the signs between them."""

import re

# Signs that are words when they stand alone in a piece of code. Every other sign is a pause.
_SIGNS = {
    "=": "equals", "==": "equals", "!=": "is not", "+": "plus", "*": "times", "&&": "and", "||": "or",
    "->": "to", "=>": "to", "<": "is less than", ">": "is greater than", "<=": "is at most", ">=": "is at least",
}  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])")
# A dot, comma or colon between digits, and a dot between letters (file.py, 3.14, 10:30), belong to the word.
_JOINED = re.compile(r"[^\W_]+(?:[.'’][^\W_]+|(?<=\d)[,:](?=\d)\d+)*%?")


def say_code(code: str, *, english: bool) -> str:
    """The words of a piece of code; "" if it has none."""
    spoken: list[str] = []
    for token in code.split():
        if english and token in _SIGNS:
            spoken.append(_SIGNS[token])
            continue
        spoken += [_CAMEL.sub(" ", word) for word in _JOINED.findall(token)]
    return " ".join(spoken)
