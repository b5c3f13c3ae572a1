"""What a step needs, and who may make it: pure functions over what is known of the job."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.engine.protocol import Notice
from kinescribe_server.film.protocol import RecordingRequest
from kinescribe_server.jobs.makers import MakerSpec, MakerTable
from kinescribe_server.jobs.model import Step, StepKind
from kinescribe_server.jobs.requests import (
    Known,
    compose_request,
    language_of,
    placeholder_request,
    render_request,
    same_language,
    visual_of,
    visual_request,
    with_deck,
)
from kinescribe_server.script.model import (
    Chart,
    Code,
    Diagram,
    Formula,
    Image,
    OtherVisual,
    Scene,
    Script,
    Slide,
    Visual,
)
from kinescribe_server.script.protocol import ScriptRequest, TranslationRequest
from kinescribe_server.speech.protocol import SpeechRequest

_VISUAL_TYPES: dict[type, str] = {
    Slide: "slide",
    Diagram: "diagram",
    Code: "code",
    Formula: "formula",
    Chart: "chart",
    Image: "image",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The request of a step, the makers that are tried for it in order, and what the user should know of the choice;
    where there is no maker, that is why."""

    request: Any
    makers: tuple[MakerSpec, ...]
    notice: Notice | None = None


def needs(step: Step, segments: int) -> list[Step]:
    """The steps whose results a step is made from; the script goes without saying."""
    match step.kind:
        case StepKind.SCRIPT | StepKind.SPEECH | StepKind.VISUAL:
            return []
        case StepKind.RENDER:
            return [Step(StepKind.SPEECH, step.segment), Step(StepKind.VISUAL, step.segment)]
        case StepKind.COMPOSE:
            kinds = (StepKind.SPEECH, StepKind.VISUAL, StepKind.RENDER)
            return [Step(kind, index) for index in range(segments) for kind in kinds]


def writing_plan(request: ScriptRequest, writer: str, makers: MakerTable) -> Plan:
    """How a script is written."""
    first = makers.translators.get(writer, ()) if request.language else ()
    return Plan(request, (*first, *makers.writers[writer]))


def translation_plan(script: Script, language: str, makers: MakerTable) -> Plan | None:
    """How a user's script is brought into the film's language; None where it need not be."""
    if not script.language or not language or same_language(script.language, language):
        return None
    missing = Notice(
        "TRANSLATION_UNAVAILABLE",
        f'the script is in "{script.language}" and "{language}" was asked for; without a language model (LLM_BASE_URL) '
        "its words stay as they are",
    )
    translators = (makers.translator,) if makers.translator else ()
    return Plan(TranslationRequest(script, language), translators, None if translators else missing)


def plan(step: Step, known: Known, makers: MakerTable) -> Plan:
    """How a segment's step, or compose, is made."""
    if step.kind is StepKind.COMPOSE:
        return Plan(compose_request(known), (makers.film,))
    assert step.segment is not None  # noqa: S101 - every other step is a segment's
    scene = known.script.scenes[step.segment]
    match step.kind:
        case StepKind.SPEECH:
            if scene.audio_attachment:
                recording = known.request.attachments[scene.audio_attachment]
                return Plan(RecordingRequest(recording, scene.narration), (makers.recording,))
            return _speech_plan(scene, known, makers)
        case StepKind.VISUAL:
            visual = visual_of(scene)
            request = visual_request(visual, scene, known)
            if makers.slides_are_a_deck and isinstance(visual, Slide):
                request = with_deck(request, step.segment, known)
            return Plan(request, makers.visuals.get(visual_type(visual), ()))
        case _:
            return Plan(render_request(step.segment, scene, known, makers.silence.name), makers.clips)


def stand_in(step: Step, known: Known, makers: MakerTable, reason: str, message: str) -> Plan | None:
    """What takes a failed step's place: a voice for a recording, silence for speech, a placeholder for a visual, and
    nothing for the rest."""
    if step.segment is None:
        return None
    scene = known.script.scenes[step.segment]
    match step.kind:
        case StepKind.SPEECH:
            spoken = _speech_plan(scene, known, makers)
            voices = spoken.makers if scene.audio_attachment else ()
            return Plan(spoken.request, (*(maker for maker in voices if maker != makers.silence), makers.silence))
        case StepKind.VISUAL:
            return card(scene, known, makers, reason, message)
        case _:
            return None


def card(scene: Scene, known: Known, makers: MakerTable, reason: str, message: str) -> Plan:
    """The picture that says what is missing, and why."""
    return Plan(placeholder_request(scene, known, reason, message), (makers.placeholder,))


def visual_type(visual: Visual) -> str:
    """The name under which the asset router knows a visual's type."""
    return visual.type_name if isinstance(visual, OtherVisual) else _VISUAL_TYPES[type(visual)]


def artifact_names(step: Step, files: Mapping[str, StoredFile]) -> dict[str, str]:
    """The names that a step's files have in the job, by role."""
    endings = {"audio": "audio.wav", "words": "words.json", "layout": "layout.json", "clip": "clip.mp4"}
    match step.kind:
        case StepKind.SCRIPT:
            return {"script": "script.json"}
        case StepKind.COMPOSE:
            return {role: role for role in files}
        case _:
            return {role: f"segments/{step.segment:04d}/{endings.get(role, f'{role}.png')}" for role in files}


def _speech_plan(scene: Scene, known: Known, makers: MakerTable) -> Plan:
    """A narration is spoken by who can speak its language; where there is nothing to say, there is silence."""
    options = known.request.options
    language, named = language_of(scene, known.script, options), scene.voice or options.voice
    speaker = makers.speaker_for(language, named, bool(named))
    request = SpeechRequest(
        narration=scene.narration,
        voice=speaker.voice,
        language=language,
        rate=options.speaking_rate,
        lexicon=options.lexicon,
    )
    if not scene.narration.strip():
        return Plan(request, (makers.silence,))
    return Plan(request, speaker.makers if speaker.voice else (), speaker.notice)
