"""Words of a model as they are shown and said: its Markdown and HTML are taken out, as they are of any text."""

import re
from typing import Any

from kinescribe_server.script.html_text import html_words
from kinescribe_server.script.inline import read_inline
from kinescribe_server.script.limits import MAX_NARRATION_CHARACTERS, MAX_TITLE_CHARACTERS
from kinescribe_server.script.markdown import parse_markdown
from kinescribe_server.script.text import Text, clean

# Of a text that may have so many characters, so many times as many are read, for its markup.
_MARKUP = 4
# "1815. A year …" is no first item of a list.
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s)")


def shown(value: Any, most: int = MAX_TITLE_CHARACTERS) -> str:
    """A text of a slide: on one line, short enough to be drawn."""
    text = _plain(value, most).shown
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def shown_list(value: Any, most: int, *, keep_empty: bool = False) -> tuple[str, ...]:
    """Texts of a slide; the first ones of very many."""
    items = (shown(item) for item in value[:most]) if isinstance(value, list) else ()
    return tuple(item for item in items if item or keep_empty)


def narration(value: Any) -> str:
    """A text that is said."""
    return _plain(value, MAX_NARRATION_CHARACTERS).said


def fits_narration(text: str) -> bool:
    return len(text) <= MAX_NARRATION_CHARACTERS


def cut_narration(text: str) -> str:
    """The beginning of a narration that is too long, up to a sentence's end if there is one."""
    cut = text[:MAX_NARRATION_CHARACTERS]
    end = max(cut.rfind(sign) for sign in ".!?。！？")
    return cut[: end + 1] if end > 0 else cut


def source_text(value: Any) -> str:
    """A source (code, a diagram, a formula): as it is, but for what can be neither shown nor stored."""
    return clean(value) if isinstance(value, str) else ""


def _plain(value: Any, most: int) -> Text:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return Text("")
    line = " ".join(clean(str(value)[: _MARKUP * most]).split())
    texts = []
    for token in parse_markdown(_NUMBERED.sub(r"\1\\\2", line)):
        if token.type == "inline":
            texts.append(read_inline(token, "").text)
        elif token.type == "html_block":
            texts += map(Text, html_words(token.content))
        elif token.type in {"fence", "code_block"}:
            texts.append(Text(" ".join(token.content.split())))
    return Text.joined(texts)
