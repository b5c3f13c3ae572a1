"""What of a source text is read at all: characters that nobody can see or say are taken out first."""

import re

# Control characters but tab and line feed, the byte-order mark, soft hyphen and zero-width space (all invisible),
# lone surrogates (they cannot be stored as UTF-8), noncharacters, and the private-use areas: nothing can draw them, and
# `Text` marks inline code and formulas with the supplementary ones.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
_LINE_END = re.compile("\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")


def clean(source_text: str) -> str:
    """The source text with line feeds as line ends and without what can be neither shown nor said."""
    return _UNSEEN.sub("", _LINE_END.sub("\n", source_text))
