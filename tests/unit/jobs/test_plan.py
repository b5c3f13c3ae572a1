"""What a step is made from, and by whom."""

from dataclasses import replace

import pytest

from kinescribe_server.app import maker_table
from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.config import Settings
from kinescribe_server.film.protocol import ComposeRequest, RecordingRequest, RenderRequest, caption_band
from kinescribe_server.jobs.model import CaptionMode, JobRequest, Options, Step, StepKind, StepResult
from kinescribe_server.jobs.plan import artifact_names, needs, plan, stand_in
from kinescribe_server.jobs.requests import Known
from kinescribe_server.jobs.time_limits import time_limit
from kinescribe_server.script.model import Diagram, OtherVisual, Scene, Script, Slide
from kinescribe_server.speech.protocol import SpeechRequest
from kinescribe_server.visuals.protocol import PlaceholderRequest, VisualRequest

MAKERS = maker_table(Settings())
_OPTIONS = Options(theme="light")
_FILE = StoredFile("0" * 64, 1, "image/png")


def _known(*scenes: Scene, results: dict[Step, StepResult] | None = None, options: Options = _OPTIONS) -> Known:
    return Known(JobRequest("0" * 64, True, options), Script("Film", "en", scenes), results or {})


def _visual_result(*cues: str) -> StepResult:
    states = [{"picture": f"state-{number:02d}", "cue": cue} for number, cue in enumerate(cues)]
    return StepResult({state["picture"]: _FILE for state in states}, {"states": states}, "slide")


@pytest.mark.parametrize("text", ["script", "speech:0", "visual:12", "render:499", "compose"])
def test_a_step_is_read_as_it_is_written(text: str) -> None:
    assert str(Step.parse(text)) == text


def test_a_scene_without_a_visual_shows_its_title() -> None:
    made = plan(Step(StepKind.VISUAL, 0), _known(Scene(title="Why", narration="Because.")), MAKERS)
    assert isinstance(made.request, VisualRequest)
    assert made.request.visual == Slide(title="Why")


def test_a_diagram_has_a_second_maker_to_fall_back_on() -> None:
    made = plan(Step(StepKind.VISUAL, 0), _known(Scene(visual=Diagram("graph TD; A-->B"))), MAKERS)
    assert [maker.name for maker in made.makers] == ["mermaid-render", "mmdr"]


def test_an_unknown_visual_type_has_no_maker_and_gets_a_placeholder() -> None:
    step, known = Step(StepKind.VISUAL, 0), _known(Scene(visual=OtherVisual("hologram", "…")))
    assert plan(step, known, MAKERS).makers == ()
    substitute = stand_in(step, known, MAKERS, "UNKNOWN_TYPE", "nothing draws it")
    assert substitute is not None
    assert isinstance(substitute.request, PlaceholderRequest)
    assert substitute.request.message == "nothing draws it"


def test_nothing_stands_in_for_a_clip_or_the_film() -> None:
    known = _known(Scene(narration="Hello."))
    assert stand_in(Step(StepKind.RENDER, 0), known, MAKERS, "X", "x") is None
    assert stand_in(Step(StepKind.COMPOSE), known, MAKERS, "X", "x") is None


def test_a_scenes_language_and_voice_win_over_the_scripts_and_the_options() -> None:
    known = _known(Scene(narration="Hallo.", language="de", voice="pico-de-de"))
    request = plan(Step(StepKind.SPEECH, 0), known, MAKERS).request
    assert isinstance(request, SpeechRequest)
    assert (request.language, request.voice) == ("de", "pico-de-de")


def test_a_voice_that_cannot_speak_the_language_gives_way_and_the_user_is_told() -> None:
    known = _known(Scene(narration="Hallo.", language="de", voice="heart"))
    spoken = plan(Step(StepKind.SPEECH, 0), known, MAKERS)
    assert spoken.request.voice == "pico-de-de"
    assert spoken.notice is not None
    assert spoken.notice.reason == "VOICE_CHANGED"


def test_a_language_that_nobody_speaks_has_no_maker_and_a_reason() -> None:
    spoken = plan(Step(StepKind.SPEECH, 0), _known(Scene(narration="x", language="tlh")), MAKERS)
    assert spoken.makers == ()
    assert spoken.notice is not None
    assert spoken.notice.reason == "VOICE_CANNOT_SPEAK"


def test_where_there_is_nothing_to_say_there_is_silence() -> None:
    spoken = plan(Step(StepKind.SPEECH, 0), _known(Scene(title="Why")), MAKERS)
    assert [maker.name for maker in spoken.makers] == ["silence"]


def test_a_recording_is_heard_in_place_of_speech_and_a_voice_reads_its_text_where_it_cannot_be() -> None:
    scene = Scene(narration="Said.", audio_attachment="said.flac", title="Heard")
    step, known = Step(StepKind.SPEECH, 0), _known(scene)
    known = replace(known, request=replace(known.request, attachments={"said.flac": "1" * 64}))
    wanted = plan(step, known, MAKERS)
    assert wanted.request == RecordingRequest("1" * 64, "Said.")
    assert [maker.name for maker in wanted.makers] == ["recording"]
    assert time_limit(StepKind.SPEECH, wanted.request) > 60
    substitute = stand_in(step, known, MAKERS, "AUDIO_INVALID", "no sound")
    assert substitute is not None
    assert isinstance(substitute.request, SpeechRequest)
    assert [maker.name for maker in substitute.makers][-1] == "silence"
    assert substitute.makers[0].name == "hibari"


def test_a_recording_without_text_gives_way_to_silence() -> None:
    known = _known(Scene(audio_attachment="said.flac", title="Heard"))
    substitute = stand_in(Step(StepKind.SPEECH, 0), known, MAKERS, "AUDIO_INVALID", "no sound")
    assert substitute is not None
    assert [maker.name for maker in substitute.makers] == ["silence"]


def test_pictures_leave_room_for_captions_in_the_picture() -> None:
    burned_in = replace(_OPTIONS, captions=CaptionMode.BURNED_IN)
    results = {Step(StepKind.VISUAL, 0): _visual_result("")}
    known = _known(Scene(narration="Said."), results=results, options=burned_in)
    page = plan(Step(StepKind.VISUAL, 0), known, MAKERS).request
    clip = plan(Step(StepKind.RENDER, 0), known, MAKERS).request
    assert isinstance(clip, RenderRequest)
    assert page.height == clip.height - caption_band(1920, 1080) == 928
    assert (clip.burned_in, clip.language) == (True, "en")
    placeholder = stand_in(Step(StepKind.VISUAL, 0), known, MAKERS, "X", "x")
    assert placeholder is not None
    assert placeholder.request.height == page.height


def test_a_clip_is_made_of_its_segments_pictures_and_sound() -> None:
    results = {
        Step(StepKind.VISUAL, 0): _visual_result("", "first"),
        Step(StepKind.SPEECH, 0): StepResult({"audio": _FILE, "words": _FILE}, {"duration": 2.0}, "hibari"),
    }
    request = plan(Step(StepKind.RENDER, 0), _known(Scene(narration="First."), results=results), MAKERS).request
    assert isinstance(request, RenderRequest)
    assert [state.cue for state in request.states] == ["", "first"]
    assert request.audio == request.words == _FILE.sha256


def test_the_film_needs_everything_that_was_made() -> None:
    wanted = {str(step) for step in needs(Step(StepKind.COMPOSE), 2)}
    assert wanted == {"render:0", "render:1", "speech:0", "speech:1", "visual:0", "visual:1"}


def test_the_film_is_joined_in_the_order_of_the_scenes() -> None:
    results = {Step(StepKind.VISUAL, 0): _visual_result("")}
    for index in range(3):
        clip = StoredFile(str(index) * 64, 1, "video/mp4")
        results[Step(StepKind.RENDER, index)] = StepResult({"clip": clip}, {"frames": 16, "speech_start": 0.25}, "clip")
    scenes = [Scene(narration=f"Scene {index}.") for index in range(3)]
    request = plan(Step(StepKind.COMPOSE), _known(*scenes, results=results), MAKERS).request
    assert isinstance(request, ComposeRequest)
    assert [clip.clip[0] for clip in request.clips] == ["0", "1", "2"]
    assert [clip.narration for clip in request.clips] == ["Scene 0.", "Scene 1.", "Scene 2."]


def test_files_have_stable_names_within_a_job() -> None:
    files = {"audio": _FILE, "words": _FILE}
    assert set(artifact_names(Step(StepKind.SPEECH, 3), files).values()) == {
        "segments/0003/audio.wav",
        "segments/0003/words.json",
    }
    assert artifact_names(Step(StepKind.COMPOSE), {"film.mp4": _FILE}) == {"film.mp4": "film.mp4"}


def test_a_clip_whose_narration_nobody_can_speak_is_known_to_be_silent() -> None:
    step, scene = Step(StepKind.RENDER, 0), Scene(narration="Because.")
    for maker, unspoken in (("silence", True), ("hibari", False)):
        results = {
            Step(StepKind.SPEECH, 0): StepResult({"audio": _FILE}, {}, maker),
            Step(StepKind.VISUAL, 0): _visual_result(""),
        }
        request = plan(step, _known(scene, results=results), MAKERS).request
        assert isinstance(request, RenderRequest)
        assert request.unspoken is unspoken
