"""What is said in a film, to be read: as plain text, and in Markdown with times and chapters."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinescribe_server.film.captions import Spoken

# What Markdown (CommonMark 0.31) could take for markup inside a line.
_MARKUP = re.compile(r"[\\`*_\[\]<>~]|&(?=#?\w+;)")
_PARAGRAPH = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a narration, and when it begins, in seconds from the film's start."""

    start: float
    text: str


def paragraphs(clip: Spoken) -> Iterator[Paragraph]:
    """The paragraphs of a clip's narration. The first begins with its first word, like all others."""
    firsts = [word.first for word in clip.words]
    for found in _PARAGRAPH.finditer(clip.narration):
        text = " ".join(found.group().split())
        if text:
            place = bisect_left(firsts, found.start())
            yield Paragraph(clip.words[place].start if place < len(firsts) else clip.end, text)


def plain(title: str, clips: Sequence[Spoken]) -> str:
    """The title, then the narrations, a line for each paragraph and an empty line between them."""
    texts = [" ".join(title.split()), *(paragraph.text for clip in clips for paragraph in paragraphs(clip))]
    return "\n\n".join(filter(None, texts)) + "\n"


def markdown(title: str, chapters: Sequence[tuple[float, str]], clips: Sequence[Spoken]) -> str:
    """The title, and under a heading for each chapter (its start and title) the paragraphs with their times."""
    blocks = [f"# {_escaped(title)}"] if title.strip() else []
    waiting = list(chapters)
    for clip in clips:
        while waiting and waiting[0][0] < clip.end:
            start, chapter = waiting.pop(0)
            blocks.append(f"## {_clock(start)} {_escaped(chapter)}")
        blocks += [f"**{_clock(paragraph.start)}** {_escaped(paragraph.text)}" for paragraph in paragraphs(clip)]
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    """User text as one line that shows as it is."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"
