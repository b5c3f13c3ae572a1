"""What a step needs, and who may make it: pure functions over what is known of the job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.engine.protocol import Notice
from kinescribe_server.film.protocol import (
    ClipOnTimeline,
    ComposeRequest,
    RecordingRequest,
    RenderRequest,
    StatePicture,
    caption_band,
)
from kinescribe_server.jobs.makers import MakerSpec, MakerTable
from kinescribe_server.jobs.model import (
    CaptionMode,
    JobRequest,
    MotionMode,
    Options,
    Step,
    StepKind,
    StepResult,
    attachments_of_visual,
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
from kinescribe_server.visuals.protocol import Brand, PlaceholderRequest, VisualRequest

_DEFAULT_LANGUAGE = "en"
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


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a job when one of its steps is planned."""

    request: JobRequest
    script: Script
    results: Mapping[Step, StepResult]


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
    if not script.language or not language or _same_language(script.language, language):
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
    options = known.request.options
    if step.kind is StepKind.COMPOSE:
        return Plan(_compose_request(known, options), (makers.film,))
    assert step.segment is not None  # noqa: S101 - every other step is a segment's
    scene = known.script.scenes[step.segment]
    match step.kind:
        case StepKind.SPEECH:
            if scene.audio_attachment:
                recording = known.request.attachments[scene.audio_attachment]
                return Plan(RecordingRequest(recording, scene.narration), (makers.recording,))
            return _speech_plan(scene, known, makers)
        case StepKind.VISUAL:
            visual = _visual_of(scene)
            request = _visual_request(visual, scene, known)
            if makers.slides_are_a_deck and isinstance(visual, Slide):
                request = _with_deck(request, step.segment, known)
            return Plan(request, makers.visuals.get(visual_type(visual), ()))
        case _:
            clip = _render_request(step.segment, scene, known)
            speech = known.results.get(Step(StepKind.SPEECH, step.segment))
            unspoken = speech is not None and speech.maker == makers.silence.name
            return Plan(replace(clip, unspoken=unspoken), makers.clips)


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
    options = known.request.options
    request = PlaceholderRequest(
        visual=scene.visual,
        reason=reason,
        message=message,
        theme=options.theme,
        width=options.width,
        height=_page_height(options),
        brand=_brand(known.request),
    )
    return Plan(request, (makers.placeholder,))


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


def _visual_of(scene: Scene) -> Visual:
    return scene.visual if scene.visual is not None else Slide(title=scene.title or scene.narration[:120])


def _language_of(scene: Scene, script: Script, options: Options) -> str:
    return scene.language or _film_language(script, options)


def _film_language(script: Script, options: Options) -> str:
    """The language that was asked for, unless the script is in another one: then nothing could translate it."""
    wanted, found = options.language, script.language
    if found and not _same_language(found, wanted):
        return found
    return wanted or found or _DEFAULT_LANGUAGE


def _same_language(found: str, wanted: str) -> bool:
    return found.split("-", maxsplit=1)[0].lower() == wanted.split("-", maxsplit=1)[0].lower()


def _speech_plan(scene: Scene, known: Known, makers: MakerTable) -> Plan:
    """A narration is spoken by who can speak its language; where there is nothing to say, there is silence."""
    options = known.request.options
    language, named = _language_of(scene, known.script, options), scene.voice or options.voice
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


def _visual_request(visual: Visual, scene: Scene, known: Known) -> VisualRequest:
    options = known.request.options
    wanted = {name for _, name in attachments_of_visual(visual)}
    return VisualRequest(
        visual=visual,
        theme=options.theme,
        width=options.width,
        height=_page_height(options),
        language=_language_of(scene, known.script, options),
        attachments={name: sha for name, sha in known.request.attachments.items() if name in wanted},
        brand=_brand(known.request),
    )


def _with_deck(request: VisualRequest, segment: int, known: Known) -> VisualRequest:
    slides = [(index, _visual_of(scene)) for index, scene in enumerate(known.script.scenes)]
    deck = [(index, visual) for index, visual in slides if isinstance(visual, Slide)]
    page = [index for index, _ in deck].index(segment)
    return replace(request, deck=tuple(slide for _, slide in deck), page=page)


def _page_height(options: Options) -> int:
    """How high pictures are: captions in the picture have a place of their own."""
    burned_in = options.captions is CaptionMode.BURNED_IN
    return options.height - (caption_band(options.width, options.height) if burned_in else 0)


def _brand(request: JobRequest) -> Brand | None:
    brand = request.options.brand
    if brand is None:
        return None
    logo = request.attachments[brand.logo_attachment] if brand.logo_attachment else ""
    return Brand(colors=brand.colors, fonts=brand.fonts, logo=logo)


def _render_request(segment: int, scene: Scene, known: Known) -> RenderRequest:
    options = known.request.options
    speech = known.results.get(Step(StepKind.SPEECH, segment))
    visual = known.results[Step(StepKind.VISUAL, segment)]
    states: Sequence[Mapping[str, Any]] = visual.details["states"]
    burned_in = options.captions is CaptionMode.BURNED_IN
    return RenderRequest(
        states=tuple(_state_picture(visual, state) for state in states),
        narration=scene.narration,
        audio=_sha256(speech, "audio"),
        words=_sha256(speech, "words"),
        pause_after=scene.pause_after,
        width=options.width,
        height=options.height,
        frame_rate=options.frame_rate,
        burned_in=burned_in,
        language=_language_of(scene, known.script, options) if burned_in else "",
        motion_seconds=visual.details.get("motion_seconds", 0.0) if options.motion is MotionMode.SUBTLE else 0.0,
        layout=_sha256(visual, "layout"),
        drawn=isinstance(scene.visual, Diagram),
    )


def _state_picture(visual: StepResult, state: Mapping[str, Any]) -> StatePicture:
    changed = state.get("changed")
    return StatePicture(visual.files[state["picture"]].sha256, state["cue"], tuple(changed) if changed else None)


def _compose_request(known: Known, options: Options) -> ComposeRequest:
    clips = []
    for index, scene in enumerate(known.script.scenes):
        clip = known.results[Step(StepKind.RENDER, index)]
        clips.append(
            ClipOnTimeline(
                clip=clip.files["clip"].sha256,
                frames=clip.details["frames"],
                speech_start=clip.details["speech_start"],
                narration=scene.narration,
                words=_sha256(known.results.get(Step(StepKind.SPEECH, index)), "words"),
                title=scene.title,
                checks=clip.details.get("checks", {}),
                thumbnail=_sha256(clip, "thumbnail"),
            )
        )
    opening = known.results[Step(StepKind.VISUAL, 0)]
    return ComposeRequest(
        clips=tuple(clips),
        title=known.script.title,
        language=_film_language(known.script, options),
        poster=opening.files[opening.details["states"][-1]["picture"]].sha256,
        captions=options.captions is not CaptionMode.OFF,
        width=options.width,
        height=options.height,
        frame_rate=options.frame_rate,
        burned_in=options.captions is CaptionMode.BURNED_IN,
        music=known.request.attachments[options.music] if options.music else "",
    )


def _sha256(result: StepResult | None, role: str) -> str:
    return result.files[role].sha256 if result is not None and role in result.files else ""
