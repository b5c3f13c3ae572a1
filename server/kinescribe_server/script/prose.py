"""Paragraphs to shots: runs of whole sentences, each with a slide of their points."""

from collections.abc import Sequence

from kinescribe_server.script.key_points import heading_of
from kinescribe_server.script.sentences import MAX_WORDS, MIN_WORDS, balanced, count_words
from kinescribe_server.script.shots import Shot, prose_slide, said
from kinescribe_server.script.text import Text

# Paragraphs under one heading share a slide up to so many words.
_SHARED_WORDS = 45


def prose_shots(paragraphs: Sequence[Sequence[Text]], title: str | None, *, english: bool) -> list[Shot]:
    """The shots of paragraphs given as sentences. Without a title each shot gets a heading of its own words."""
    shots: list[Shot] = []
    for sentences in _runs(paragraphs, shared_words=MIN_WORDS if title is None else _SHARED_WORDS):
        heading = heading_of(sentences[0], english=english).shown if title is None else title
        says = said(sentences)
        if says:
            shots.append(Shot(heading, prose_slide(heading, sentences, english=english), says, tuple(sentences)))
    return shots


def weigh(sentences: Sequence[Text]) -> float:
    """How many words it takes to say sentences."""
    return sum(count_words(sentence.said) for sentence in sentences)


def _runs(paragraphs: Sequence[Sequence[Text]], shared_words: float) -> list[list[Text]]:
    """Paragraphs in runs for one scene each: long ones are cut between sentences, short ones join a neighbour."""
    runs: list[list[Text]] = []
    for paragraph in paragraphs:
        for run in balanced(paragraph, lambda sentence: count_words(sentence.said)):
            words = weigh(run)
            before = weigh(runs[-1]) if runs else 0.0
            joins = before + words <= shared_words or (min(before, words) < MIN_WORDS and before + words <= MAX_WORDS)
            if runs and joins:
                runs[-1] += run
            else:
                runs.append(list(run))
    return runs
