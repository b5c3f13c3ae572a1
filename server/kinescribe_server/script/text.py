"""Text that is shown one way and said another: inline code and formulas stand in it as single marks. Signs that nobody
can see or say are taken out of a source text first, and signs that nobody says out of what is spoken."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

# The two supplementary private-use areas; `clean` has taken them out of every source text, so a mark is always ours.
_FIRST_MARK = 0xF0000
# What an atom that is not said, or is said between spaces, leaves before a sign.
_BEFORE_SIGN = re.compile(r" +([,.;:!?)\]’'](?:\s|$))")
_MARKS = re.compile("[\U000f0000-\U0010ffff]")

# Control characters but tab and line feed, the byte-order mark, soft hyphen and zero-width space (all invisible),
# lone surrogates (they cannot be stored as UTF-8), noncharacters, and the private-use areas: nothing can draw them, and
# `Text` marks inline code and formulas with the supplementary ones.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
_LINE_END = re.compile("\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")
_ADDRESS = re.compile(
    r"\b(?:https?|ftp)://(?:[^\s/@<>]*@)?(?:www\.)?([\w.-]*\w)(?:[:/?#][^\s<>\"'()]*[^\s<>\"'(),.;:!?])?/?"
)
# Signs of markup that are said as nothing; those of "C#" and "F#" belong to a name.
_SILENT_SIGNS = re.compile(r"(?<!\b[A-Z])#|[*_`|<>\[\]~\\{}^]|-{3,}|={3,}|://")
_SILENT_SPACES = re.compile(r"\(\s*\)|\s+(?=[,.;:!?)](?:\s|$))")


def clean(source_text: str) -> str:
    """The source text with line feeds as line ends and without what can be neither shown nor said."""
    return _UNSEEN.sub("", _LINE_END.sub("\n", source_text))


def without_addresses(text: str) -> str:
    """The text with the name of the host in place of every web address: nobody wants to hear or see all of one."""
    return _ADDRESS.sub(r"\1", text) if "://" in text else text


def spoken(text: str) -> str:
    """The text without the signs that nobody says."""
    return (
        " ".join(_SILENT_SPACES.sub("", _SILENT_SIGNS.sub(" ", text)).split()) if _SILENT_SIGNS.search(text) else text
    )


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of inline content that is never cut: as it is shown, and as it is said."""

    shown: str
    said: str


def mark(index: int) -> str:
    """The character that stands for the atom of that index."""
    return chr(_FIRST_MARK + index)


@dataclass(frozen=True)  # without slots: it remembers how it is shown and said, which is asked for many times
class Text:
    """Plain text whose marks stand for atoms. Sentences and clauses are cut from `marked`."""

    marked: str
    atoms: tuple[Atom, ...] = ()

    def part(self, marked: str) -> Self:
        """A piece of this text."""
        return type(self)(marked, self.atoms)

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

    @cached_property
    def shown(self) -> str:
        return self._with("shown")

    @cached_property
    def said(self) -> str:
        return spoken(_BEFORE_SIGN.sub(r"\1", self._with("said")))

    def _with(self, form: str) -> str:
        whole = self.marked
        if self.atoms:
            whole = _MARKS.sub(lambda found: getattr(self.atoms[ord(found[0]) - _FIRST_MARK], form), whole)
        return " ".join(whole.split())

    def __bool__(self) -> bool:
        return bool(self.marked.strip())
