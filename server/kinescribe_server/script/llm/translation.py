"""Scripts in another language: the same scenes and pictures, other words."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from kinescribe_server.engine.protocol import Notice
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.language import detect_surely
from kinescribe_server.script.limits import MAX_NARRATION_CHARACTERS, MAX_TITLE_CHARACTERS
from kinescribe_server.script.llm.chat import ChatModel, TooLongError
from kinescribe_server.script.llm.prompts import fenced, prompt
from kinescribe_server.script.llm.replies import ReplyError
from kinescribe_server.script.llm.schemas import TRANSLATIONS
from kinescribe_server.script.llm.texts import changed, texts_of
from kinescribe_server.script.model import Scene
from kinescribe_server.script.protocol import Written
from kinescribe_server.script.text import clean
from kinescribe_server.script.translating import differs

_PROMPTS = ("translate-1", "translate-task-1")
# What fits into a reply with room to spare, and what a model does not lose count of.
_BATCH_CHARACTERS = 4_000
_BATCH_ITEMS = 30
# Chinese to German makes four characters of one; what is much longer is no translation.
_MOST_GROWTH = 8
_GROWTH_ROOM = 80


@dataclass(frozen=True, slots=True)
class Translator:
    """Translates scripts. `report` is told how far it is, in percent."""

    model: ChatModel
    concurrency: int = 4
    report: Callable[[float], None] = lambda percent: None

    def translate(self, written: Written, language: str) -> Written:
        """The script in another language. What cannot be translated stays as it is, with a notice.

        Raises MakeError where nothing can be translated.
        """
        script = written.script
        wanted = [scene for scene in script.scenes if differs(scene.language or script.language or "und", language)]
        texts = list(dict.fromkeys([script.title, *(text for scene in wanted for text in texts_of(scene))]))
        batches = _batches([text for text in texts if any(map(str.isalpha, text))])
        with ThreadPoolExecutor(self.concurrency, "translation") as pool:
            done = list(pool.map(lambda batch: self._try_batch(script.title, batch, language), batches))
        translated = {text: words for found, _ in done for text, words in found.items()}
        failures = [error for _, error in done if error]
        if batches and not translated:
            raise failures[0] if failures else MakeError("LLM_BAD_REPLY", "the language model translated nothing")
        scenes = tuple(
            _in_language(scene, translated, script.language, language, scene in wanted) for scene in script.scenes
        )
        title = translated.get(script.title, script.title)[:MAX_TITLE_CHARACTERS]
        notices = (*written.notices, *_notices(texts, translated, failures, scenes, language))
        return Written(replace(script, title=title, language=language, scenes=scenes), notices)

    def _try_batch(self, title: str, batch: Sequence[str], language: str) -> tuple[Mapping[str, str], MakeError | None]:
        try:
            return self._batch(title, batch, language), None
        except MakeError as error:
            return {}, error

    def _batch(self, title: str, batch: Sequence[str], language: str) -> Mapping[str, str]:
        """The texts of a batch and their translations; in two halves where it is too much for the model."""
        items = {str(number): text for number, text in enumerate(batch, 1)}
        listed = json.dumps(
            [{"id": number, "text": text} for number, text in items.items()], ensure_ascii=False, indent=0
        )
        values = {"language": language, "title": title, "text": fenced(listed)}
        reader = _Reader(items, language)
        try:
            self.model.ask(prompt(*_PROMPTS, values), TRANSLATIONS, reader.read)
        except TooLongError as error:
            if len(batch) == 1:
                raise MakeError("LLM_TOO_LONG", f"a text does not fit into the language model: {error}") from None
            middle = len(batch) // 2
            parts = (batch[:middle], batch[middle:])
            return {text: words for part in parts for text, words in self._batch(title, part, language).items()}
        except MakeError:
            if not reader.found:
                raise
        return {items[number]: words for number, words in reader.found.items()}


class _Reader:
    """Reads the replies about one batch, and keeps what is good in each of them."""

    def __init__(self, items: Mapping[str, str], language: str) -> None:
        self._items = items
        self._language = language
        self.found: dict[str, str] = {}

    def read(self, reply: Any) -> None:
        """Raises ReplyError while translations are missing."""
        given = reply.get("translations") if isinstance(reply, Mapping) else reply
        for item in given if isinstance(given, list) else ():
            if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
                continue
            number, words = str(item.get("id")), clean(item["text"]).strip()
            if number in self._items and _is_translation(self._items[number], words, self._language):
                self.found[number] = words
        missing = [number for number in self._items if number not in self.found]
        if missing:
            raise ReplyError(
                f"the items with these ids are missing, empty, not translated or far too long: {', '.join(missing)}"
            )


def _is_translation(text: str, words: str, language: str) -> bool:
    most = min(MAX_NARRATION_CHARACTERS, len(text) * _MOST_GROWTH + _GROWTH_ROOM)
    if not any(map(str.isalnum, words)) or len(words) > most:
        return False
    found = detect_surely(words)
    return not differs(found, language) or found != detect_surely(text)


def _batches(texts: Iterable[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for text in texts:
        if batches and size + len(text) <= _BATCH_CHARACTERS and len(batches[-1]) < _BATCH_ITEMS:
            batches[-1].append(text)
            size += len(text)
        else:
            batches.append([text])
            size = len(text)
    return batches


def _in_language(scene: Scene, translated: Mapping[str, str], source: str, language: str, wanted: bool) -> Scene:
    """The scene in the script's new language; one whose narration is not says which it is in."""
    if not wanted:
        return replace(scene, language=scene.language if differs(scene.language, language) else "")
    spoken = not scene.audio_attachment and (scene.narration in translated or not scene.narration)
    result = changed(scene, lambda text: translated.get(text, text))
    own = "" if spoken else scene.language or source
    return replace(result, title=result.title[:MAX_TITLE_CHARACTERS], language=own)


def _notices(
    texts: Sequence[str],
    translated: Mapping[str, str],
    failures: Sequence[MakeError],
    scenes: Sequence[Scene],
    language: str,
) -> list[Notice]:
    kept = sum(text not in translated for text in texts if any(map(str.isalpha, text)))
    notices = []
    if kept:
        why = failures[0].message if failures else "the language model left them out"
        message = f"{kept} of {len(texts)} texts could not be translated into {language} and stay as they are: {why}"
        notices.append(Notice("TRANSLATION_INCOMPLETE", message))
    recorded = sum(bool(scene.audio_attachment) for scene in scenes)
    if recorded:
        notices.append(Notice("RECORDING_NOT_TRANSLATED", f"{recorded} scenes have recordings, which stay as they are"))
    return notices
