"""User text made ready for the page: it stays text, whatever characters it has."""

import functools
import re
import unicodedata

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.visuals.fonts import holds
from kinescribe_server.visuals.themes import FONT_FAMILIES

# Longer stacks of combining marks leave the line they belong to; no language's writing needs as many.
_MAX_MARKS = 4

# So many missing characters are named in a notice.
_NAMED_GLYPHS = 12

# Nobody reads more in one block on a screen.
_LONG_PARAGRAPH = 600
_SENTENCE = re.compile(r".*?(?:[.!?…]+[\"'”’)\]]*\s+|[。！？]+[」』）]*|$)", re.DOTALL)

_REPLACED = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINE_ENDS = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    """Text without line breaks, control characters, lone surrogates and towers of combining marks."""
    return _without_towers(_SPACES.sub(" ", _REPLACED.sub("\ufffd", text)).strip())


def plain_source(text: str) -> str:
    """A source for another renderer: valid Unicode, lines kept, no control characters."""
    return _CONTROLS.sub("", _REPLACED.sub("\ufffd", text))


def source_lines(text: str) -> list[str]:
    """The lines of a listing: tabs as four spaces, no control characters, no blank lines around."""
    lines = _LINE_ENDS.split(_REPLACED.sub("\ufffd", text))
    cleaned = [_without_towers(_CONTROLS.sub("\ufffd", line.expandtabs(4))).rstrip() for line in lines]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    return cleaned


def short_paragraphs(text: str) -> list[str]:
    """A paragraph as one of at most about `_LONG_PARAGRAPH` characters, or as several that end with a sentence."""
    if len(text) <= _LONG_PARAGRAPH:
        return [text] if text else []
    parts = [""]
    for sentence in _SENTENCE.findall(text):
        if parts[-1] and len(parts[-1]) + len(sentence) > _LONG_PARAGRAPH:
            parts.append("")
        parts[-1] += sentence
    return [part.strip() for part in parts if part.strip()]


def _without_towers(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    height = 0
    for character in text:
        height = height + 1 if unicodedata.combining(character) else 0
        if height <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def direction(text: str) -> str:
    """The direction of text by its first strong character (Unicode Bidirectional Algorithm, P2): "rtl" or "ltr"."""
    for character in text:
        match unicodedata.bidirectional(character):
            case "R" | "AL":
                return "rtl"
            case "L":
                return "ltr"
    return "ltr"


def page_direction(texts: list[str]) -> str:
    """The direction of a whole page: that of most of its texts."""
    spoken = [text for text in texts if any(character.isalpha() for character in text)]
    right = sum(direction(text) == "rtl" for text in spoken)
    return "rtl" if right * 2 > len(spoken) else "ltr"


# The Han glyphs of each language differ; the first family of a list wins.
_HAN = {"ja": "JP", "ko": "KR", "zh-hant": "TC", "zh-tw": "TC", "zh-hk": "HK", "zh-mo": "HK", "zh": "SC"}
# It has the Latin letters and more; what it lacks is looked for in the others.
_EVERYDAY = "Inter"
_HAN_NAMES = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}
# The last letter of Latin Extended-B.
_LATIN = "\u024f"
_FALLBACKS = tuple(family for family in FONT_FAMILIES if family.startswith("Noto") and "CJK" not in family)
# Signs that steer their neighbours and are never drawn themselves (Unicode, Default_Ignorable_Code_Point), beside those
# of the categories below.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_UNSEEN_CATEGORIES = {"Cc", "Cf", "Zs", "Zl", "Zp"}


def font_families(text: str, language: str) -> list[str]:
    """The families that `text` needs after Inter, in order. A short list matters: each family in it is tried for each
    run of letters that the one before lacks."""
    characters = {character for character in text if character > _LATIN}
    han = [han_family(text, language)] if has_han(text) else []
    open_ones = {character for character in characters if not holds(_EVERYDAY, character)}
    needed: list[str] = []
    for family in [*han, *_FALLBACKS]:
        found = {character for character in open_ones if holds(family, character)}
        if found or family in han:
            needed.append(family)
            open_ones -= found
    # What is left may be in the large family that was not asked for: a lone bracket of Japanese, an arrow.
    return needed if han or not open_ones else [*needed, han_family(text, language)]


def missing_glyphs(text: str) -> Notice | None:
    """A notice that names the characters of `text` that no font of ours can draw, or None."""
    lacking = _lacking(text)
    if not lacking:
        return None
    named = [f"U+{ord(character):04X}" for character in sorted(lacking)]
    more = f" and {len(named) - _NAMED_GLYPHS} more" if len(named) > _NAMED_GLYPHS else ""
    message = f"no font has {', '.join(named[:_NAMED_GLYPHS])}{more}; \ufffd is drawn in place of each"
    return Notice("GLYPH_MISSING", message)


def drawable(text: str) -> str:
    """The text with U+FFFD in place of every character that no font of ours can draw."""
    lacking = _lacking(text)
    return text.translate(dict.fromkeys(map(ord, lacking), "\ufffd")) if lacking else text


def _lacking(text: str) -> set[str]:
    if text.isascii():
        return set()
    return {character for character in set(text) if character > "\x7f" and not _is_drawable(character)}


@functools.cache
def _is_drawable(character: str) -> bool:
    if _UNSEEN.match(character) or unicodedata.category(character) in _UNSEEN_CATEGORIES:
        return True
    return any(holds(family, character) for family in (_EVERYDAY, *_FALLBACKS, "Noto Sans CJK SC"))


def has_han(text: str) -> bool:
    """Whether there are signs of Chinese, Japanese or Korean in the text."""
    others = {character for character in text if character > _LATIN}
    return any(unicodedata.name(character, "").partition(" ")[0] in _HAN_NAMES for character in others)


def han_family(text: str, language: str) -> str:
    """Whose Han glyphs to use: by the language (BCP 47) or else by the kana or hangul in the text."""
    return f"Noto Sans CJK {_han_region(language, text)}"


def _han_region(language: str, text: str) -> str:
    tag = language.lower()
    for prefix, region in _HAN.items():
        if tag == prefix or tag.startswith(prefix + "-"):
            return region
    if re.search(r"[\u3040-\u30ff]", text):
        return "JP"
    return "KR" if re.search(r"[\uac00-\ud7af]", text) else "SC"
