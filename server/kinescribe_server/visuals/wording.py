"""User text made ready for the page: it stays text, whatever characters it has."""

import re
import unicodedata

# Longer stacks of combining marks leave the line they belong to; no language's writing needs as many.
_MAX_MARKS = 4

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


# The first word of a letter's Unicode name tells its script; OSMANYA and such are left to the compiler's own search.
_FAMILY_BY_NAME = {
    "ARABIC": "Arabic", "HEBREW": "Hebrew", "DEVANAGARI": "Devanagari", "BENGALI": "Bengali", "GURMUKHI": "Gurmukhi",
    "GUJARATI": "Gujarati", "ORIYA": "Oriya", "TAMIL": "Tamil", "TELUGU": "Telugu", "KANNADA": "Kannada",
    "MALAYALAM": "Malayalam", "SINHALA": "Sinhala", "THAI": "Thai", "LAO": "Lao", "KHMER": "Khmer",
    "MYANMAR": "Myanmar", "ETHIOPIC": "Ethiopic", "GEORGIAN": "Georgian", "ARMENIAN": "Armenian",
}  # fmt: skip
_CJK_NAMES = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}
# The Han glyphs of each language differ; the first family of a list wins.
_HAN = {"ja": "JP", "ko": "KR", "zh-hant": "TC", "zh-tw": "TC", "zh-hk": "HK", "zh-mo": "HK", "zh": "SC"}


def font_families(text: str, language: str) -> list[str]:
    """The Noto families that `text` needs after Inter, in order. A short list matters: each family in it is tried for
    each run of letters that the one before lacks."""
    names = {unicodedata.name(letter, "").partition(" ")[0] for letter in set(text) if letter > "\u024f"}
    cjk = not names.isdisjoint(_CJK_NAMES)
    han = [f"Noto Sans CJK {_han_region(language, text)}"] if cjk else []
    scripts = [f"Noto Sans {family}" for name, family in _FAMILY_BY_NAME.items() if name in names]
    return [*han, *scripts, "Noto Sans", "Noto Sans Symbols", "Noto Emoji"]


def _han_region(language: str, text: str) -> str:
    """Whose Han glyphs to use: by the language (BCP 47) or else by the kana or hangul in the text."""
    tag = language.lower()
    for prefix, region in _HAN.items():
        if tag == prefix or tag.startswith(prefix + "-"):
            return region
    if re.search(r"[\u3040-\u30ff]", text):
        return "JP"
    return "KR" if re.search(r"[\uac00-\ud7af]", text) else "SC"
