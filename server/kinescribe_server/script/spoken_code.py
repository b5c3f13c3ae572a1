"""How inline code and names of programs are said: their words, without the signs between them."""

import re

from kinescribe_server.script.text import without_addresses

# Signs that are words when they stand alone in a piece of code. Every other sign is a pause.
_SIGNS = {
    "=": "equals", "==": "equals", "!=": "is not", "+": "plus", "*": "times", "&&": "and", "||": "or",
    "->": "to", "=>": "to", "<": "is less than", ">": "is greater than", "<=": "is at most", ">=": "is at least",
}  # fmt: skip
_CAMEL = re.compile(r"(?<=[A-Za-z][a-z])(?=[A-Z][a-z])")
# A dot or hyphen between letters or digits, and a comma or colon between digits, belong to the word: file.py, 3.14,
# markdown-it, 10:30.
_JOINED = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+|(?<=\d)[,:](?=\d)\d+)*(?:(?<=\d)%)?")
_SHORT_OPTION = re.compile(r"-([A-Za-z0-9])")


def say_code(code: str, *, english: bool) -> str:
    """The words of a piece of code; "" if it has none."""
    spoken: list[str] = []
    for token in without_addresses(code).split():
        if english and token in _SIGNS:
            spoken.append(_SIGNS[token])
        elif english and (option := _SHORT_OPTION.fullmatch(token)):
            spoken.append(f"dash {option[1]}")
        else:
            spoken += [_CAMEL.sub(" ", word) for word in _JOINED.findall(token)]
    return " ".join(spoken)
