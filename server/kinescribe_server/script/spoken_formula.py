"""How a formula is said: mathra's speech, mended to what a person would say. The adapter of mathra."""

import re
from functools import lru_cache

import mathra

from kinescribe_server.script.text import Atom

# A formula longer than this is shown and not said: a minute of signs explains nothing. (A visual takes 2,000.)
MAX_SPOKEN_LATEX = 400

_LOCALES = {entry["code"].split("-")[0]: entry["code"] for entry in mathra.locales()}

# mathra spells words that stand in an upright or bold font; as text they are said as words.
_WORD = re.compile(r"\\math(?:rm|it|sf|tt|bf)\s*\{\s*([A-Za-z]{2,})\s*\}")

# What mathra says for a screen reader, which must not be ambiguous -> what a lecturer says.
_FUNCTION = re.compile(
    r"\b([A-Za-z]{2,}|[fghpqEFGHJLNOPQ])((?: prime| hat| tilde| bar| sub \w+)*)"
    r" open (?:paren|bracket) ((?:(?!open |close ).)+?) close (?:paren|bracket)"
)
# Words of mathra's that stand before a bracket and are not the name of a function.
_NO_FUNCTION = frozenset(
    [
        "sub",
        "plus",
        "minus",
        "times",
        "equals",
        "over",
        "of",
        "from",
        "to",
        "squared",
        "cubed",
        "and",
        "bar",
        "comma",
        "paren",
        "bracket",
        "power",
        "the",
        "is",
        "in",
        "by",
        "end",
        "open",
        "close",
        "prime",
        "hat",
        "tilde",
        "cdot",
        "root",
        "given",
        "colon",
        "with",
        "than",
        "equal",
    ]
)
_ENGLISH = (
    (re.compile(r"\bfraction, "), ""),
    (re.compile(r",? end (?:fraction|exponent|root|subscript|radical)\b"), ","),
    (re.compile(r"\bto the power, "), "to the power "),
    (re.compile(r"\bto the negative\b"), "to the power negative"),
    (re.compile(r"\bto the ⊤|(?<=\b[A-Z] )to the T\b"), "transposed"),
    (re.compile(r"[‖∥] (.+?) [‖∥]"), r"the norm of \1"),
    (re.compile(r"\b(over|minus|plus|equals) square root\b"), r"\1 the square root"),
    (re.compile(r"\blog of (\w+)\b"), r"log \1"),
    (re.compile(r"\bcapital (?=(?:delta|sigma|omega|gamma|lambda|phi|psi|theta|pi)\b)"), ""),
    (re.compile(r"\bdouble-struck "), ""),
    (re.compile(r"(\d) comma (\d{3})\b"), r"\1,\2"),
    (re.compile(r" ∼ "), " is distributed as "),
    (re.compile(r" ← "), " becomes "),
    (re.compile(r"(?<!\w sub )\b(colon \w+) tends to\b"), r"\1 to"),
    (re.compile(r"\b(alpha|beta|gamma|eta|epsilon|lambda) (?=nabla|d [A-Z])"), r"\1 times "),
)
# Small digits are drawn in plain text, and a degree sign is no exponent.
_SCRIPTS = re.compile(r"([\^_])([0-9]+|∘)")
_RAISED = str.maketrans("0123456789∘", "⁰¹²³⁴⁵⁶⁷⁸⁹°")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_UNSPOKEN = re.compile(r"[\\{}_^&~$]+")


def formula_atom(latex: str, language: str) -> Atom:
    """An inline formula as it is shown, in Unicode, and as it is said."""
    source = " ".join(latex.split())
    shown, said = _read(source, language)
    # Between spaces: "100$^\\circ$C" is said as three words.
    return Atom(_SCRIPTS.sub(_raised_or_lowered, shown) or source, f" {said or shown or source} ")


def _raised_or_lowered(found: re.Match[str]) -> str:
    if found[1] == "^":
        return found[2].translate(_RAISED)
    return found[2].translate(_LOWERED)


def say_formula(latex: str, language: str) -> str:
    """A displayed formula as it is said; "" for one that mathra cannot read or that is too long to be heard."""
    return _read(" ".join(latex.split()), language)[1]


@lru_cache(maxsize=4096)
def _read(latex: str, language: str) -> tuple[str, str]:
    """(as it is shown, as it is said); empty where mathra cannot read it or draws an error."""
    if len(latex) > MAX_SPOKEN_LATEX:
        return "", ""
    locale = _LOCALES.get(language, "en")
    try:
        spoken = mathra.render(_WORD.sub(r"\\text{\1}", latex), locale)
        drawn = mathra.render(latex, locale)
    except ValueError:
        return "", ""
    if spoken["warnings"] or drawn["warnings"]:
        return "", ""
    return drawn["text"], _mend(spoken["speech"], locale)


def _mend(speech: str, locale: str) -> str:
    if locale == "en":
        for pattern, replacement in _ENGLISH:
            speech = pattern.sub(replacement, speech)
        speech = _FUNCTION.sub(_call, speech)
    speech = re.sub(r"\s+,", ",", _UNSPOKEN.sub(" ", speech))
    speech = re.sub(r"(?:,\s*){2,}", ", ", speech)
    return " ".join(speech.split()).strip(" ,")


def _call(found: re.Match[str]) -> str:
    name, marks, argument = found.groups()
    if name in _NO_FUNCTION:
        return found[0]
    return f"{name}{marks} of {argument.replace(' comma ', ', ').replace(' bar ', ' given ')}"
