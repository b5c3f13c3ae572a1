"""How a formula is shown in a line of text, and how it is said. The adapter of mathra."""

import re
from functools import lru_cache

import mathra

from kinescribe_server.script.narration.formulas.signs import UnsayableError
from kinescribe_server.script.narration.formulas.speaker import say_tree
from kinescribe_server.script.text import Atom

# A formula longer than this is shown and not said: a minute of signs explains nothing. (A visual takes 2,000.)
MAX_SPOKEN_LATEX = 400

_LOCALES = {entry["code"].split("-")[0]: entry["code"] for entry in mathra.locales()}

# mathra spells words that stand in a font of their own, all but upright ones.
_WORD = re.compile(r"\\math(?:it|sf|tt|bf)\s*\{\s*([A-Za-z]{3,})\s*\}")
_UPRIGHT_WORD = re.compile(r"\\math(?:rm|it|sf|tt|bf)\s*\{\s*([A-Za-z]{2,})\s*\}")
_CHEMICAL = re.compile(r"\\(?:ce|chemfig)\b")
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


def say_formula(latex: str, language: str) -> str:
    """A displayed formula as it is said; "" for one that mathra cannot read, that there are no words for, or that is
    too long to be heard."""
    return _read(" ".join(latex.split()), language)[1]


def _raised_or_lowered(found: re.Match[str]) -> str:
    if found[1] == "^":
        return found[2].translate(_RAISED)
    return found[2].translate(_LOWERED)


@lru_cache(maxsize=4096)
def _read(latex: str, language: str) -> tuple[str, str]:
    """(as it is shown, as it is said); empty where mathra cannot read it or draws an error."""
    if len(latex) > MAX_SPOKEN_LATEX:
        return "", ""
    locale = _LOCALES.get(language, "en")
    word, replacement = (_WORD, r"\\mathrm{\1}") if locale == "en" else (_UPRIGHT_WORD, r"\\text{\1}")
    try:
        spoken = mathra.render(word.sub(replacement, latex), locale)
        drawn = mathra.render(latex, locale)
    except ValueError:
        return "", ""
    if spoken["warnings"] or drawn["warnings"]:
        return "", ""
    if locale != "en":
        return drawn["text"], _tidied(spoken["speech"])
    try:
        return drawn["text"], say_tree(spoken["tree"], chemical=_CHEMICAL.search(latex) is not None)
    except UnsayableError:
        return drawn["text"], ""


def _tidied(speech: str) -> str:
    """mathra's own words without signs that no voice reads."""
    speech = re.sub(r"\s+,", ",", _UNSPOKEN.sub(" ", speech))
    speech = re.sub(r"(?:,\s*){2,}", ", ", speech)
    return " ".join(speech.split()).strip(" ,")
