"""The words for what stands in a formula: signs, functions, units."""

import unicodedata

# Between two sides of a statement; inside a subscript or a condition the "is" is left out.
RELATIONS = {
    "=": "equals", "<": "is less than", ">": "is greater than", "≤": "is at most", "≥": "is at least",
    "⩽": "is at most", "⩾": "is at least", "≠": "is not equal to", "≈": "is approximately", "≃": "is about equal to",
    "∼": "is distributed as", "~": "is distributed as", "≡": "is equivalent to", "≅": "is congruent to",
    "∝": "is proportional to", "≪": "is much less than", "≫": "is much greater than", "∈": "is in", "∉": "is not in",
    "∋": "contains", "⊂": "is a subset of", "⊆": "is a subset of", "⊃": "contains", "⊇": "contains", "→": "goes to",
    "⟶": "goes to", "←": "becomes", "≔": "is defined as", "↦": "maps to", "⟼": "maps to", "⇒": "implies",
    "⟹": "implies", "⇔": "if and only if", "⟺": "if and only if", "⇌": "is in equilibrium with", "↔": "to and from",
    "⊥": "is perpendicular to", "∥": "is parallel to", "⊢": "proves", "⊨": "entails", "≺": "precedes",
    "≻": "succeeds", "≜": "is defined as", "∣": "divides",
    "≱": "is not at least", "≰": "is not at most", "≮": "is not less than",
    "≯": "is not greater than", "⊄": "is not a subset of",
}  # fmt: skip
OPERATORS = {
    "+": "plus", "−": "minus", "-": "minus", "±": "plus or minus", "∓": "minus or plus", "·": "times", "⋅": "times",
    "×": "times", "∗": "times", "*": "times", "÷": "divided by", "/": "over", "∘": "composed with", "∪": "union",
    "∩": "intersected with", "∖": "without", "∧": "and", "∨": "or", "⊕": "plus", "⊗": "tensor", "⊙": "times",
    "⋆": "star",
}  # fmt: skip
# What is said by itself, like a letter.
SIGNS = {
    "∞": "infinity", "∅": "the empty set", "ℏ": "h bar", "ħ": "h bar", "ℓ": "l", "∂": "partial", "%": "percent",
    "°": "degrees", "℃": "degrees Celsius", "∠": "angle", "△": "triangle", "∀": "for all", "∃": "there is a",
    "∄": "there is no", "¬": "not", "⊤": "top", "⊥": "bottom", "√": "the square root of", "$": "dollars", "€": "euros",
    "£": "pounds", "#": "the number of", "&": "and", "ℝ": "R", "ℜ": "the real part of", "ℑ": "the imaginary part of",
    "ℵ": "aleph", "⋯": "and so on", "…": "and so on", "⋮": "and so on", "⋱": "and so on", "∴": "therefore",
    "∵": "because", "←": "left", "→": "right", "′": "prime", "∇": "nabla", "Å": "angstroms", "?": "what",
    "∎": "", "↓": "", "↑": "", "_": "underscore",
}  # fmt: skip
# A sign in a raised place.
RAISED = {
    "′": "prime", "″": "double prime", "‴": "triple prime", "⊤": "transpose", "†": "dagger", "∗": "star", "*": "star",
    "∘": "degrees", "°": "degrees", "+": "plus", "−": "minus", "⊥": "perp", "×": "times", "T": "transpose",
    "2": "squared", "3": "cubed", "4": "to the fourth",
    "5": "to the fifth", "6": "to the sixth", "∘C": "degrees Celsius", "∘F": "degrees Fahrenheit",
}  # fmt: skip
ACCENTS = {
    "̂": "hat", "̃": "tilde", "̄": "bar", "̇": "dot", "̈": "double dot", "ˆ": "hat", "~": "tilde", "¯": "bar",
    "^": "hat", "˙": "dot", "¨": "double dot", "̌": "check", "̆": "breve", "̊": "ring",
}  # fmt: skip
VECTOR_ACCENTS = ("⃗", "→")
LARGE = {
    "∑": "the sum", "∏": "the product", "∐": "the coproduct", "∫": "the integral", "∬": "the double integral",
    "∭": "the triple integral", "∮": "the closed integral", "∯": "the closed surface integral", "⋃": "the union",
    "⋂": "the intersection", "⋁": "the disjunction", "⋀": "the conjunction", "⨁": "the direct sum",
    "⨂": "the tensor product",
}  # fmt: skip
# Functions that are said before one letter without "of": "sine theta".
SHORT_FUNCTIONS = {"sin": "sine", "cos": "cosine", "tan": "tangent", "log": "log", "lg": "log"}
FUNCTIONS = SHORT_FUNCTIONS | {
    "ln": "natural log", "exp": "exponential", "cot": "cotangent", "sec": "secant", "csc": "cosecant",
    "arcsin": "arc sine", "arccos": "arc cosine", "arctan": "arc tangent", "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine", "tanh": "hyperbolic tangent", "det": "determinant", "dim": "dimension",
    "ker": "kernel", "deg": "degree", "gcd": "greatest common divisor", "lcm": "least common multiple", "tr": "trace",
    "Tr": "trace", "Var": "variance", "Cov": "covariance", "Corr": "correlation", "Pr": "probability",
    "sgn": "sign", "sign": "sign", "rank": "rank", "diag": "diagonal matrix",
}  # fmt: skip
# Those that are followed by what they look at: "the limit as x approaches 0 of …", "the maximum over x of …".
LIMITS = {
    "lim": "limit", "max": "maximum", "min": "minimum", "sup": "supremum", "inf": "infimum", "argmax": "arg max",
    "argmin": "arg min", "limsup": "upper limit", "liminf": "lower limit",
}  # fmt: skip
SETS = {
    "R": "the real numbers", "N": "the natural numbers", "Z": "the integers", "Q": "the rational numbers",
    "C": "the complex numbers",
}  # fmt: skip
# Symbol -> (one, many).
UNITS = {
    symbol: (one, f"{one}s")
    for symbol, one in {
        "m": "meter", "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "nm": "nanometer", "s": "second",
        "ms": "millisecond", "min": "minute", "h": "hour", "g": "gram", "kg": "kilogram", "mg": "milligram",
        "N": "newton", "J": "joule", "kJ": "kilojoule", "W": "watt", "kW": "kilowatt", "V": "volt", "A": "ampere",
        "C": "coulomb", "F": "farad", "T": "tesla", "Pa": "pascal", "kPa": "kilopascal", "mol": "mole", "L": "liter",
        "mL": "milliliter", "eV": "electron volt", "MeV": "mega electron volt", "rad": "radian", "bit": "bit",
        "MB": "megabyte", "GB": "gigabyte",
    }.items()
} | {
    "K": ("kelvin", "kelvin"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"), "dB": ("decibel", "decibels"),
    "Ω": ("ohm", "ohms"), "atm": ("atmosphere", "atmospheres"), "bar": ("bar", "bar"),
}  # fmt: skip
BRACKETS = {
    "|": "the absolute value", "‖": "the norm", "∥": "the norm", "⌊": "the floor", "⌈": "the ceiling",
}  # fmt: skip
# Signs that stand behind what they belong to.
BEHIND = {"!": "factorial", "%": "percent", "°": "degrees", "′": "prime"}
ORDERS = {"": "", "2": "second ", "3": "third "}
ROOTS = {"2": "square", "3": "cube", "4": "fourth"}
# Fractions of small numbers have names of their own.
_PARTS = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "6": "sixth", "8": "eighth", "10": "tenth"}
_COUNTS = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "7": "seven", "9": "nine"}


def letter(name: str) -> str:
    """A Greek letter by its name ("ϵ" is epsilon), any other in plain."""
    words = unicodedata.name(name, "").removesuffix(" SYMBOL").split() if len(name) == 1 else []
    if words[:1] == ["GREEK"]:
        return "lambda" if words[-1] == "LAMDA" else words[-1].lower()
    return unicodedata.normalize("NFKC", name)


def part(above: str, below: str) -> str:
    """ "two thirds" for 2 and 3; "" for others than small numbers."""
    if above not in _COUNTS or below not in _PARTS or int(above) >= int(below):
        return ""
    if above == "1":
        return f"one {_PARTS[below]}"
    return f"{_COUNTS[above]} {_PARTS[below]}s"


def word(text: str) -> str:
    """A word of upright letters; two capitals are spelled."""
    return " ".join(text) if len(text) == 2 and text.isupper() else FUNCTIONS.get(text, text)
