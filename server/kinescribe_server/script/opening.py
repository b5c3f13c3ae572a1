"""How a film begins: its title, and the title scene with the first words of the text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kinescribe_server.script.document import Document, ListBlock, ProseBlock, Section
from kinescribe_server.script.front_matter import FrontMatter
from kinescribe_server.script.inline import is_english, read_plain
from kinescribe_server.script.key_points import heading_of, key_point, subject_of
from kinescribe_server.script.model import Slide
from kinescribe_server.script.prose import weigh
from kinescribe_server.script.sentences import balanced, closed, count_words, split_sentences
from kinescribe_server.script.shots import Shot, said
from kinescribe_server.script.text import Text
