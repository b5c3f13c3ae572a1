"""A text as an engine that reads Latin letters shall read it.

English engines skip what they do not know without a word, or guess at it. So signs with a common English reading are
written out here, and what has none is left out.
"""

import functools
import re
import unicodedata

from kinescribe_server.speech.marks import MARKS, is_mark
from kinescribe_server.speech.technical import technical

_READINGS = {
    "≤": "less than or equal to", "≥": "greater than or equal to", "≠": "not equal to", "≈": "approximately",
    "≡": "equivalent to", "√": "square root of", "∞": "infinity", "∑": "sum of", "∏": "product of", "∫": "integral of",
    "∂": "partial", "∇": "nabla", "∈": "in", "∉": "not in", "∪": "union", "∩": "intersection", "⊂": "subset of",
    "∀": "for all", "∃": "there is", "∧": "and", "∨": "or", "−": "minus", "⋅": "times", "∗": "times", "⇒": "implies",
    "⇔": "if and only if", "↦": "maps to", "⟶": "to", "↔": "to and from", "⟨": ",", "⟩": ",", "‰": "per mille",
    "№": "number", "℃": "degrees Celsius", "℉": "degrees Fahrenheit",
}  # fmt: skip
# The engine reads Western punctuation, and square brackets as its markup for pronunciations.
_PUNCTUATION = dict(zip("[]。、，；：！？（）「」『』‑‐‒“”‘’", '().,,;:!?()""""---""' + "''", strict=True))
_SIGNS = {sign: f" {reading} " for sign, reading in _READINGS.items()} | _PUNCTUATION
_OPERATORS = {
    "===": "strictly equals", "!==": "strictly not equal to", "<=": "less than or equal to",
    ">=": "greater than or equal to", "!=": "not equal to", "==": "equals", "->": "to", "=>": "to", "&&": "and",
    "||": "or", ":=": "becomes", " * ": "times", "<<": "shifted left by", ">>": "shifted right by", "|>": "into",
}  # fmt: skip
_OPERATOR = re.compile("|".join(re.escape(sign) for sign in _OPERATORS))
_FOR_EXAMPLE = re.compile(r"\b(?:(e\.g\.)|i\.e\.)(?=[\s,])")
# "app.py" and "example.com", where the engine would leave out the dot.
_DOT_IN_NAME = re.compile(rf"(?:(?<=[A-Za-z0-9_]{{2}})|(?<=[{MARKS}]))\.(?=[a-z]{{2}}|[{MARKS}])")
_MONEY = re.compile(
    r"([$£€])\s?(\d[\d,]*\d|\d)(?:\.(\d\d))?(?![\d,]*\.?\d)(?!\s?(?:hundred|thousand|million|billion|trillion|[kKmMbB]\b))"
)
_COINS = {"$": ("dollar", "cents"), "£": ("pound", "pence"), "€": ("euro", "cents")}
# No English number word reaches further; what is longer is an identifier and is read digit by digit.
_LONG_NUMBER = re.compile(r"\d[\d,]{15,}")
# The engine's time grows faster than the length of what stands without a space (300 signs of "1-1-1": 3 s).
_LONG_RUN = re.compile(r"\S{80}(?=\S)")
_MICRO = re.compile(r"(?<=\d)\s?[µμ]([smg])\b")
_MICRO_UNITS = {"s": "microseconds", "m": "micrometers", "g": "micrograms"}
# A power of more than one sign, or of another number than the engine reads: "10⁹" is not 109.
_RAISED = re.compile(r"(?<=[^\W_])(?:[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{2,}|[⁻⁺][⁰¹²³⁴⁵⁶⁷⁸⁹]|[⁰¹⁴⁵⁶⁷⁸⁹ⁿ])")
_GREEK = "\u0370-\u03ff\u1f00-\u1fff"
_LONE_GREEK = re.compile(rf"(?<![{_GREEK}])[{_GREEK}](?![{_GREEK}])")
# The engine has words for these, and for some of the signs below _KEPT_END; it skips the rest of them.
_KEPT_SIGNS = "¹²³¼½¾←→"
_KEPT_END = "\u2100"
_SIGNS_REMEMBERED = 4_096


def readable(text: str) -> str:
    """The text as the engine shall read it. It has no brackets, so nothing in it can pass for the engine's markup."""
    text = technical("".join(map(_read, settled(text))))
    text = _FOR_EXAMPLE.sub(lambda match: "for example" if match.group(1) else "that is", text)
    text = _MONEY.sub(_money, text)
    text = _OPERATOR.sub(lambda match: f" {_OPERATORS[match.group()]} ", text)
    text = _DOT_IN_NAME.sub(" dot ", text)
    text = _LONG_NUMBER.sub(lambda match: " ".join(match.group().replace(",", "")), text)
    return _LONG_RUN.sub(r"\g<0> ", text)


def settled(text: str) -> str:
    """Composed letters; a single Greek letter is a name (θ is theta), several are a Greek word."""
    text = _MICRO.sub(lambda match: f" {_MICRO_UNITS[match.group(1)]}", unicodedata.normalize("NFC", text))
    text = text.replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")
    text = _RAISED.sub(lambda match: "^" + unicodedata.normalize("NFKC", match.group()).replace("−", "-"), text)
    return _LONE_GREEK.sub(lambda match: f" {_greek_name(match.group())} ", text)


def _greek_name(letter: str) -> str:
    # "GREEK SMALL LETTER ETA", "GREEK CAPITAL LETTER ALPHA WITH TONOS", "GREEK LUNATE EPSILON SYMBOL"
    words = unicodedata.name(letter, "").split(" WITH ")[0].removesuffix(" SYMBOL").split()
    name = words[-1].lower() if words and letter.isalpha() else ""
    return "lambda" if name == "lamda" else name


@functools.lru_cache(_SIGNS_REMEMBERED)
def _read(sign: str) -> str:
    """One sign as the engine shall read it."""
    if sign in _SIGNS:
        return _SIGNS[sign]
    match unicodedata.category(sign):
        case "Nd":
            return str(unicodedata.decimal(sign))
        case "Nl" | "No" if sign not in _KEPT_SIGNS:
            return unicodedata.normalize("NFKC", sign).replace("\N{FRACTION SLASH}", "/")
        case "Mn" | "Me" | "Cf":
            return ""
    if sign.isalpha():
        return latin(sign)
    return sign if is_mark(sign) or sign in _KEPT_SIGNS or (sign < _KEPT_END and sign.isprintable()) else " "


@functools.lru_cache(_SIGNS_REMEMBERED)
def latin(letter: str) -> str:
    """A letter as the engine knows it, or a space for one that is not Latin."""
    plain = unicodedata.normalize("NFKC", letter)
    if not unicodedata.name(unicodedata.normalize("NFKD", letter)[0], "").startswith("LATIN"):
        return " "
    # The engine knows the accents of Western and Central Europe.
    return plain if max(plain) <= "\u017f" else unicodedata.normalize("NFKD", letter)[0]


def _money(match: re.Match[str]) -> str:
    """An amount in words: the engine carries a currency on to the next number ("$5.50, 62%")."""
    sign, whole, rest = match.groups()
    unit, coins = _COINS[sign]
    if whole == "0" and rest and rest != "00":
        return f"{rest.removeprefix('0')} {coins}"
    amount = f"{whole} {unit}" + ("" if whole == "1" else "s")
    return f"{amount} and {rest.removeprefix('0')} {coins}" if rest and rest != "00" else amount
