"""Marks: private-use characters that hold a pronunciation's place. No engine reads one, and no text needs one."""

FIRST_MARK, LAST_MARK = "\ue000", "\uf8ff"
# Both ends, as they stand in a character class of a regular expression.
MARKS = f"{FIRST_MARK}-{LAST_MARK}"


def is_mark(sign: str) -> bool:
    return FIRST_MARK <= sign <= LAST_MARK
