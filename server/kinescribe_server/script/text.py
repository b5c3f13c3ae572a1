"""Text that is shown one way and said another: inline code and formulas stand in it as single marks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

# The two supplementary private-use areas; `clean` has taken them out of every source text, so a mark is always ours.
_FIRST_MARK = 0xF0000
# What an atom that is not said, or is said between spaces, leaves before a sign.
_BEFORE_SIGN = re.compile(r" +([,.;:!?)\]’'](?:\s|$))")
_MARKS = re.compile("[\U000f0000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of inline content that is never cut: as it is shown, and as it is said."""

    shown: str
    said: str


def mark(index: int) -> str:
    """The character that stands for the atom of that index."""
    return chr(_FIRST_MARK + index)


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text whose marks stand for atoms. Sentences and clauses are cut from `marked`."""

    marked: str
    atoms: tuple[Atom, ...] = ()

    def part(self, marked: str) -> Self:
        """A piece of this text."""
        return replace(self, marked=marked)

    @classmethod
    def joined(cls, texts: Sequence[Self], between: str = " ") -> Self:
        """The texts one after the other; the marks of each are moved behind those of the ones before."""
        atoms: list[Atom] = []
        pieces: list[str] = []
        for text in texts:
            first = len(atoms)
            used = sorted(set(_MARKS.findall(text.marked)))
            atoms += [text.atoms[ord(found) - _FIRST_MARK] for found in used]
            fresh = zip(used, range(first, first + len(used)), strict=True)
            pieces.append(text.marked.translate({ord(found): mark(index) for found, index in fresh}))
        return cls(between.join(pieces), tuple(atoms))

    @property
    def shown(self) -> str:
        return self._with("shown")

    @property
    def said(self) -> str:
        return _BEFORE_SIGN.sub(r"\1", self._with("said"))

    def _with(self, form: str) -> str:
        whole = _MARKS.sub(lambda found: getattr(self.atoms[ord(found[0]) - _FIRST_MARK], form), self.marked)
        return " ".join(whole.split())

    def __bool__(self) -> bool:
        return bool(self.marked.strip())
