"""Which language a text is in: the adapter of py3langid."""

import unicodedata
from collections import Counter
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

# The languages that are told apart: those that speech engines speak. Fewer candidates make fewer mistakes.
_LANGUAGES = (
    "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id is it ja ka ko lt lv nl no pl pt ro ru sk sl sr sv sw ta "
    "te th tr uk ur vi zh"
).split()
# Below this many letters, or this probability, the answer is a guess, and a guess is worse than none: with all its
# languages to choose from, the model takes "Hello world." for Fula.
_MIN_LETTERS = 10
_MIN_PROBABILITY = 0.6
# A passage is said to be in another language than the text around it only where it is long and the model is sure: names
# and commands in an English text look like anything.
_SURE_LETTERS = 60
_SURE_PROBABILITY = 0.999
# A script of its own says more than the model, and a few letters of it are enough.
_SURE_FOREIGN_LETTERS = 4
# What is looked at: more does not change the answer.
_MAX_CHARACTERS = 5_000


def detect_language(text: str) -> str:
    """The language of a text as an ISO 639-1 code; "" where that cannot be told."""
    sample = text[:_MAX_CHARACTERS]
    if sum(map(str.isalpha, sample)) < _MIN_LETTERS:
        return ""
    language, probability = _identifier().classify(sample)
    return language if probability >= _MIN_PROBABILITY else ""


def detect_surely(passage: str) -> str:
    """The language of a passage; "" unless there is hardly a doubt."""
    sample = passage[:_MAX_CHARACTERS]
    foreign = writing(sample) not in {"", "LATIN"}
    if sum(map(str.isalpha, sample)) < (_SURE_FOREIGN_LETTERS if foreign else _SURE_LETTERS):
        return ""
    language, probability = _identifier().classify(sample)
    return language if probability >= (_MIN_PROBABILITY if foreign else _SURE_PROBABILITY) else ""


def writing(text: str) -> str:
    """The script that most letters of a text are in, by the first word of their Unicode names; "" without letters.
    Kana and Chinese characters are one writing."""
    sample = text[:_MAX_CHARACTERS]
    if sample.isascii():
        return "LATIN" if any(map(str.isalpha, sample)) else ""
    scripts: Counter[str] = Counter()
    for sign, times in Counter(sample).items():
        if sign.isalpha():
            scripts[unicodedata.name(sign, "").partition(" ")[0]] += times
    for kana in ("HIRAGANA", "KATAKANA", "HALFWIDTH"):
        scripts["CJK"] += scripts.pop(kana, 0)
    script, letters = max(scripts.items(), key=lambda item: item[1])
    return script if letters else ""


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier
