"""Key points and headings out of sentences: always a run of their own words, so that they are matched when spoken.

The cuts are made at signs in any language, and in English at the words that open another clause. Nothing here knows
grammar: where no cut leaves something that stands alone, there is no key point, and the caller shows the sentence.
"""

import re
from collections.abc import Sequence

from kinescribe_server.script.sentences import count_words
from kinescribe_server.script.text import Text

MAX_POINT_WORDS = 13
MIN_POINT_WORDS = 3
MAX_HEADING_WORDS = 8
MAX_HEADING_CHARACTERS = 80

_SIGN_CUT = re.compile(r"\s*(?:[;:]\s|\s[–—-]\s|—|,\s|[；：，、]|\s\()")
_WORD_CUT = re.compile(
    r"\s+(?:and then|and|but|so that|so|because|which|that|where|while|when|whenever|although|though|unless|until|"
    r"whereas|if|or|as long as|instead of|rather than|even)\s+"
)
# What opens a sentence and can go without changing what it claims.
_OPENING = re.compile(
    r"(?:That is why|This is why|That means|This means|In other words,|In short,|For example,|For instance,|However,|"
    r"Therefore,|Thus,|Hence,|Moreover,|Furthermore,|In addition,|Finally,|Then,|Also,|First,|Second,|Third,|Next,|"
    r"Of course,|In practice,|In fact,|Instead,|Still,|Yet,|So,|And|But|So|Then)\s+(?:that\s+)?"
)
# A sentence that begins with one of these leads up to its claim with a clause of its own, up to the comma.
_LEADING = re.compile(
    r"(?:If|When|Whenever|While|Although|Though|Because|Since|After|Before|Until|Unless|Once|As|With|Without|For|In|On|"
    r"At|By|To|From|During|Under|Over|Instead|Given|Like|Unlike|Despite|Depending)\s[^,]{3,80},\s+"
)
# A point that begins with one of these speaks of the sentence before it.
_POINTING = re.compile(
    r"(?:It|This|That|These|Those|They|He|She|Its|Their|His|Her|Here|There|Such|Both|Each|We|You|I|See|Note)\b"
)
_VERB = re.compile(
    r"\s(?:is|are|was|were|has|have|had|can|could|will|would|may|might|must|shall|should|does|do|did|means|lets|makes|"
    r"takes|gives|uses|needs|works|allows|provides|keeps|turns|helps|runs|comes|became|becomes|contains|describes|"
    r"supports|offers|shows|says|consists|depends|happens|began|begins|starts|remains)(?:n't|n’t)?\s"
)
# Where one claim ends and another, with a subject of its own, begins.
_LINE_CUT = re.compile(
    r"[,;]\s+(?:(?:and|but|while)\s+)?(?=(?:[Aa]n?|[Tt]he|[Ii]ts|[Tt]heir|[Ee]ach|[Ee]very|[Oo]ne|[Nn]o)\s)"
)
_DETERMINED = re.compile(
    r"(?:an?|the|its|their|each|every|one|two|three|no|all|some|many|most|[A-Z]\w*)\b", re.IGNORECASE
)
_DOES = re.compile(r"\s[a-z]{2,}[^s\W]s\s(?:in|on|at|from|with|through|over|under|by|for|to|into|as)\s")
# A word that ends like a verb in front of a word that opens its object.
_LIKELY_VERB = re.compile(
    r"\s(?!this\b|its\b|is\b|less\b)[a-z]+(?:s|ed)\s(?=(?:a|an|the|its|their|his|her|your|our|many|every|each|all|some|"
    r"any|no|one|two|three|several|more|less|it|them|us|you|to|into|out|up|down|itself)\s)"
)


def key_point(sentence: Text, *, english: bool) -> Text | None:
    """The claim of a sentence in few words, in a run of its own words; None if none stands alone."""
    claim = _claim(sentence.marked, english=english)
    if count_words(claim) > MAX_POINT_WORDS:
        claim = _shortened(claim, MAX_POINT_WORDS, english=english)
    elif english and count_words(claim) > MAX_POINT_WORDS - 3:
        claim = _shortened(claim, MAX_POINT_WORDS - 3, english=english) or claim
    if count_words(claim) < MIN_POINT_WORDS:
        return None
    return sentence.part(_capital(claim))


def key_points(sentences: Sequence[Text], most: int, *, english: bool) -> list[Text]:
    """The points of several sentences in their order, at most `most`, those first that stand best alone. A sentence
    that lines up several claims gives each of them as a point where there is room."""
    alone = [key_point(text, english=english) for text in sentences]
    found = [point for point in alone if point]
    if english and len(found) < most:
        lined = [_lined_up(text) for text in sentences]
        several: list[list[Text | None]] = [[*points] or [point] for points, point in zip(lined, alone, strict=True)]
        more = [point for points in several for point in points if point]
        found = more if len(more) <= most else found
    points = list(enumerate(found))
    # Points that point back, and questions, are the first to go; of equals, later ones.
    ranked = sorted(points, key=lambda entry: (_leans(entry[1].marked), entry[0]))
    return [point for _, point in sorted(ranked[:most], key=lambda entry: entry[0])]


def _lined_up(sentence: Text) -> list[Text]:
    """The claims of "A call is a stream, a message is some bytes, and the status comes last."; empty for others."""
    parts = _LINE_CUT.split(_claim(sentence.marked, english=True))
    if len(parts) < 2 or not all(MIN_POINT_WORDS < count_words(part) <= MAX_POINT_WORDS for part in parts):
        return []
    stand = all(
        _DETERMINED.match(part) and _balanced(part) and (_VERB.search(part) or _DOES.search(part)) for part in parts
    )
    return [sentence.part(_capital(part)) for part in parts] if stand else []


def heading_of(sentence: Text, *, english: bool) -> Text:
    """A short heading for what a sentence opens: all of it if it is short, else what it speaks of, else its first
    words followed by an ellipsis."""
    claim = _claim(sentence.marked, english=english)
    if not _fits(sentence.part(claim)):
        claim = _shortened(claim, MAX_HEADING_WORDS, english=english) or claim
    if not _fits(sentence.part(claim)):
        claim = subject_of(sentence, english=english).marked or _first_words(claim)
    return sentence.part(_capital(claim))


def subject_of(sentence: Text, *, english: bool) -> Text:
    """What a sentence speaks of: its words before the verb; empty where that is not clear."""
    claim = _claim(sentence.marked, english=english)
    found = [match.start() for match in (_VERB.search(claim), _LIKELY_VERB.search(claim)) if match] if english else []
    subject = claim[: min(found)] if found else ""
    if (
        "," in subject
        or _POINTING.match(subject)
        or not _fits(sentence.part(subject))
        or not any(map(str.isalnum, subject))
    ):
        return Text("")
    return sentence.part(_capital(subject))


def _claim(marked: str, *, english: bool) -> str:
    claim = marked.strip().rstrip(".!。！…;:,；：，")
    if english:
        claim = _OPENING.sub("", claim, count=1) if _OPENING.match(claim) else claim
        leading = _LEADING.match(claim)
        if leading and count_words(claim[leading.end() :]) >= MIN_POINT_WORDS + 1:
            claim = claim[leading.end() :]
    return claim


def _shortened(claim: str, most: int, *, english: bool) -> str:
    """The longest beginning of a claim that ends before a cut and has at most that many words; "" if none does."""
    cuts = [found.start() for found in _SIGN_CUT.finditer(claim)]
    if english:
        cuts += [found.start() for found in _WORD_CUT.finditer(claim)]
    for cut in sorted(cuts):
        words = count_words(claim[:cut])
        if words > most:
            return ""
        if words >= MIN_POINT_WORDS + 1 and _balanced(claim[:cut]):
            return claim[:cut]
    return ""


def _balanced(claim: str) -> bool:
    """Whether every bracket and quotation that opens in a claim is closed in it."""
    return claim.count("(") == claim.count(")") and claim.count("“") == claim.count("”") and claim.count('"') % 2 == 0


def _leans(point: str) -> int:
    return (2 if _POINTING.match(point) else 0) + (1 if point.endswith("?") else 0)


def _fits(heading: Text) -> bool:
    shown = heading.shown
    return count_words(shown) <= MAX_HEADING_WORDS and len(shown) <= MAX_HEADING_CHARACTERS


def _first_words(claim: str) -> str:
    words = claim[:MAX_HEADING_CHARACTERS].split()
    return " ".join(words[: MAX_HEADING_WORDS - 2]) + "…"


def _capital(claim: str) -> str:
    """With a capital at the beginning, unless the first word has one further on (gRPC, iOS)."""
    first = claim.split(maxsplit=1)[0] if claim.split() else ""
    return claim if any(map(str.isupper, first)) else claim[:1].upper() + claim[1:]
