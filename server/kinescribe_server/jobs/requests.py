"""What makers are asked for: pure functions over what is known of the job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kinescribe_server.film.protocol import (
    ClipOnTimeline,
    ComposeRequest,
    RenderRequest,
    StatePicture,
    caption_band,
)
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
from kinescribe_server.script.model import Diagram, Scene, Script, Slide, Visual
from kinescribe_server.visuals.protocol import Brand, PlaceholderRequest, VisualRequest

_DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a job when one of its steps is planned."""

    request: JobRequest
    script: Script
    results: Mapping[Step, StepResult]


def visual_of(scene: Scene) -> Visual:
    return scene.visual if scene.visual is not None else Slide(title=scene.title or scene.narration[:120])


def language_of(scene: Scene, script: Script, options: Options) -> str:
    return scene.language or _film_language(script, options)


def _film_language(script: Script, options: Options) -> str:
    """The language that was asked for, unless the script is in another one: then nothing could translate it."""
    wanted, found = options.language, script.language
    if found and not same_language(found, wanted):
        return found
    return wanted or found or _DEFAULT_LANGUAGE


def same_language(found: str, wanted: str) -> bool:
    return found.split("-", maxsplit=1)[0].lower() == wanted.split("-", maxsplit=1)[0].lower()


def visual_request(visual: Visual, scene: Scene, known: Known) -> VisualRequest:
    options = known.request.options
    wanted = {name for _, name in attachments_of_visual(visual)}
    return VisualRequest(
        visual=visual,
        theme=options.theme,
        width=options.width,
        height=_page_height(options),
        language=language_of(scene, known.script, options),
        attachments={name: sha for name, sha in known.request.attachments.items() if name in wanted},
        brand=_brand(known.request),
    )


def placeholder_request(scene: Scene, known: Known, reason: str, message: str) -> PlaceholderRequest:
    options = known.request.options
    return PlaceholderRequest(
        visual=scene.visual,
        reason=reason,
        message=message,
        theme=options.theme,
        width=options.width,
        height=_page_height(options),
        brand=_brand(known.request),
    )


def with_deck(request: VisualRequest, segment: int, known: Known) -> VisualRequest:
    slides = [(index, visual_of(scene)) for index, scene in enumerate(known.script.scenes)]
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


def render_request(segment: int, scene: Scene, known: Known, silence: str) -> RenderRequest:
    """`silence` is the name of the maker that speaks where nobody can."""
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
        language=language_of(scene, known.script, options) if burned_in else "",
        motion_seconds=visual.details.get("motion_seconds", 0.0) if options.motion is MotionMode.SUBTLE else 0.0,
        layout=_sha256(visual, "layout"),
        drawn=isinstance(scene.visual, Diagram),
        unspoken=speech is None or speech.maker == silence,
    )


def _state_picture(visual: StepResult, state: Mapping[str, Any]) -> StatePicture:
    changed = state.get("changed")
    return StatePicture(visual.files[state["picture"]].sha256, state["cue"], tuple(changed) if changed else None)


def compose_request(known: Known) -> ComposeRequest:
    options, clips = known.request.options, []
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
