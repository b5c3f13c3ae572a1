"""The script writer with a language model."""

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.front_matter import split_front_matter
from kinescribe_server.script.language import detect_language
from kinescribe_server.script.limits import MAX_SCENES
from kinescribe_server.script.llm.assignment import (
    is_subject,
    most_scenes,
    named_pictures,
    section_prompt,
    whole_prompt,
)
from kinescribe_server.script.llm.chat import ChatModel, TooLongError
from kinescribe_server.script.llm.cutting import halves, pieces_of
from kinescribe_server.script.llm.outline import Outline, plain_outline, plan_outline
from kinescribe_server.script.llm.scenes import Draft, in_language, numbered, read_draft
from kinescribe_server.script.llm.schemas import script_schema
from kinescribe_server.script.model import Script, Slide
from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.opening import shortened
from kinescribe_server.script.protocol import ScriptRequest, Written
from kinescribe_server.script.scenes import to_scenes
from kinescribe_server.script.shots import Shot
from kinescribe_server.script.text import clean
from kinescribe_server.script.translating import differs

# A longer document is planned first: of more, models skip the middle, and the answer would not fit into a reply.
_LONG_DOCUMENT = 12_000
_PIECE = 4_000
_LONGEST_SECTION = 8_000
# A text that is too long for the model although it is this short will not fit in any part.
_SHORTEST_PART = 500
_MOST_NOTICES = 20

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
# These are for whoever set the service up, not for another writer to hide.
FATAL = frozenset({"REMOTE_KEY_REFUSED", "REMOTE_NOT_FOUND"})
# Of the plan these say only that this model cannot plan.
_NO_PLAN = frozenset({"LLM_BAD_REPLY", "LLM_REFUSED"})


@dataclass(frozen=True, slots=True)
class LlmWriter:
    """Implements ScriptWriter. `report` is told how far the writing is, in percent."""

    model: ChatModel
    concurrency: int = 4
    report: Callable[[float], None] = lambda percent: None

    def write(self, request: ScriptRequest) -> Written:
        """Raises MakeError: those of ChatModel, LLM_TOO_LONG, BAD_FRONT_MATTER and NOTHING_TO_SAY."""
        front_matter = split_front_matter(clean(request.source_text))
        text = front_matter.body.strip()
        if not any(map(str.isalnum, text)):
            raise MakeError("NOTHING_TO_SAY", "the text has no words that could be said; expected prose or Markdown")
        own = _tag(front_matter.text("language", "lang")) or detect_language(text)
        draft = self._draft(text, request.language or own, own, request.images)
        language = request.language or own or _tag(draft.language)
        title = (
            front_matter.text("title") or draft.title or next((shot.title for shot in draft.shots if shot.title), "")
        )
        shots, left_out = _within_scenes(draft.shots)
        script = Script(shortened(title), language, to_scenes(shots, language))
        return Written(script, (*tuple(dict.fromkeys(draft.notices))[:_MOST_NOTICES], *left_out))

    def _draft(self, text: str, language: str, own: str, images: Mapping[str, str]) -> Draft:
        if len(text) > _LONG_DOCUMENT:
            return self._long_draft(text, language, own, images)
        try:
            return self._ask(text, language, own, images)
        except TooLongError as error:
            if is_subject(text):
                raise _too_long(error) from None
        return self._long_draft(text, language, own, images)

    def _ask(self, text: str, language: str, own: str, images: Mapping[str, str]) -> Draft:
        schema = script_schema(with_images=bool(named_pictures(text, images)))
        most = most_scenes(text)
        return self.model.ask(
            whole_prompt(text, language, images),
            schema,
            lambda reply: in_language(read_draft(reply, language, images, most), language, own),
        )

    def _long_draft(self, text: str, language: str, own: str, images: Mapping[str, str]) -> Draft:
        """A draft of a planned document, its sections written side by side."""
        outline, notices = self._outline(text, language)
        self.report(10)
        section = _SectionWriter(self, outline, language, own, images)
        with ThreadPoolExecutor(self.concurrency, "section") as pool:
            results = list(pool.map(section.write, range(len(outline.sections))))
        failures = [result for result in results if isinstance(result, MakeError)]
        fatal = next((error for error in failures if error.reason in FATAL), None)
        if fatal or len(failures) == len(results):
            raise fatal or failures[0]
        if failures and differs(own, language):
            raise failures[0]  # the offline writer does not translate
        drafts = [
            _offline(outline.sections[index].title, outline.sections[index].text, language, images, result)
            if isinstance(result, MakeError)
            else result
            for index, result in enumerate(results)
        ]
        shots = [
            shot
            for index, (draft, part) in enumerate(zip(drafts, outline.sections, strict=True))
            for shot in numbered(draft.shots, index, part.title, language)
        ]
        named = next((draft.language for draft in drafts if draft.language), "")
        title = outline.title or drafts[0].title
        return Draft(title, named, tuple(shots), (*notices, *(notice for draft in drafts for notice in draft.notices)))

    def _outline(self, text: str, language: str) -> tuple[Outline, tuple[Notice, ...]]:
        pieces = pieces_of(text, min(_PIECE, max(_SHORTEST_PART, len(text) // 2)))
        try:
            return plan_outline(self.model, pieces, language, _LONGEST_SECTION), ()
        except TooLongError as error:
            why = str(error)
        except MakeError as error:
            if error.reason not in _NO_PLAN:
                raise
            why = error.message
        message = f"the text is divided at its headings and not by the language model, because: {why}"
        return plain_outline(pieces), (Notice("NOT_PLANNED", message),)


@dataclass(frozen=True, slots=True)
class _SectionWriter:
    """Writes the sections of one document."""

    writer: LlmWriter
    outline: Outline
    language: str
    own: str
    images: Mapping[str, str]

    def write(self, index: int) -> Draft | MakeError:
        """The draft of a section, or why there is none."""
        try:
            draft = self._part(index, self.outline.sections[index].text)
        except MakeError as error:
            return error
        self.writer.report(10 + 90 * (index + 1) / len(self.outline.sections))
        return draft

    def _part(self, index: int, text: str) -> Draft:
        """The draft of a text of the section; in two halves where the model cannot take it whole."""
        schema = script_schema(with_images=bool(named_pictures(text, self.images)))
        most = most_scenes(text, section=True)
        asked = section_prompt(self.outline, index, text, self.language, self.images)
        try:
            return self.writer.model.ask(
                asked,
                schema,
                lambda reply: in_language(read_draft(reply, self.language, self.images, most), self.language, self.own),
            )
        except TooLongError as error:
            parts = halves(text) if len(text) > _SHORTEST_PART else None
            if parts is None:
                raise _too_long(error) from None
        first, second = (self._part(index, part) for part in parts)
        return replace(first, shots=first.shots + second.shots, notices=first.notices + second.notices)


def _too_long(error: TooLongError) -> MakeError:
    return MakeError("LLM_TOO_LONG", f"the text does not fit into the language model: {error}")


def _tag(given: str) -> str:
    """A language tag, if it is one."""
    return given if _LANGUAGE_TAG.fullmatch(given) else ""


def _offline(title: str, text: str, language: str, images: Mapping[str, str], error: MakeError) -> Draft:
    """A section by the offline writer, as a part of a film: without a title card of its own and without an end."""
    notice = Notice(
        "SECTION_BY_OTHER_WRITER", f'the section "{title}" is the offline writer\'s, because: {error.message}'
    )
    try:
        written = OfflineWriter().write(ScriptRequest(text, language, images=images))
    except MakeError:
        return Draft("", "", (), (notice,))
    shots = []
    for scene in written.script.scenes:
        visual = scene.visual or Slide(title=scene.title)
        if isinstance(visual, Slide) and visual.layout == "closing":
            continue
        if isinstance(visual, Slide) and visual.layout == "title":
            visual = replace(visual, layout="section")
        shots.append(Shot(scene.title, visual, (scene.narration,) if scene.narration else ()))
    return Draft("", "", tuple(shots), (notice, *written.notices))


def _within_scenes(shots: Sequence[Shot]) -> tuple[Sequence[Shot], tuple[Notice, ...]]:
    """As many shots as a script may have scenes."""
    more = len(shots) - MAX_SCENES
    if more <= 0:
        return shots, ()
    message = f"the text makes {len(shots)} scenes and a film has at most {MAX_SCENES}: its last {more} are left out"
    return shots[:MAX_SCENES], (Notice("TEXT_LEFT_OUT", message),)
