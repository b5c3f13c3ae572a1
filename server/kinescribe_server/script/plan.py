"""From sections to shots: which words are said over which visual."""

import re
from collections.abc import Sequence

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.script.document import (
    Block,
    CodeBlock,
    DiagramBlock,
    FormulaBlock,
    ListBlock,
    ProseBlock,
    QuoteBlock,
    Section,
    TableBlock,
)
from kinescribe_server.script.inline import is_english
from kinescribe_server.script.narration.lists import list_shots
from kinescribe_server.script.pictures import picture_shots
from kinescribe_server.script.prose import prose_shots
from kinescribe_server.script.sentences import MAX_WORDS, MIN_WORDS, balanced, closed, count_words, split_sentences
from kinescribe_server.script.shots import Shot, prose_slide, said, within_length
from kinescribe_server.script.model import BulletList, Paragraph, Slide
from kinescribe_server.script.text import Text
