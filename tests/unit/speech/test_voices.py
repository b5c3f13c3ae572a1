"""The catalogue of voices, and the choice among them."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

import pytest

from kinescribe_server.speech import catalog
from kinescribe_server.speech.catalog import VoiceChoice, engines, engines_for, own_voice, voice_for, voices
from kinescribe_server.speech.protocol import VoiceEngine, VoiceInfo

KLINGON = VoiceEngine(("warrior", "somewhere:make", ()), (VoiceInfo("worf", ("tlh", "en-US"), "warrior"),))


@pytest.fixture(autouse=True)
def fresh_engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The engines are found anew, and the espeak-ng of this machine is not among them."""
    monkeypatch.setattr(catalog, "is_installed", lambda: False)
    engines.cache_clear()
    yield
    engines.cache_clear()


@pytest.fixture
def klingon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another distribution's engine is installed."""
    point = metadata.EntryPoint("klingon", f"{__name__}:KLINGON", catalog.ENTRY_POINT_GROUP)
    monkeypatch.setattr(metadata.EntryPoint, "load", lambda self: KLINGON)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [point] if group == catalog.ENTRY_POINT_GROUP else [])


def maker_names(language: str, wanted: str) -> list[str]:
    return [engine.maker[0] for engine in engines_for(language, wanted)]


def test_the_default_voice_speaks_english() -> None:
    assert voices()[0] == VoiceInfo("heart", ("en",), "hibari")


def test_every_voice_has_a_name_of_its_own_and_its_engine_s_name() -> None:
    names = [voice.name for voice in voices()]
    assert len(set(names)) == len(names) > 6
    assert all(voice.engine == engine.maker[0] for engine in engines() for voice in engine.voices)


@pytest.mark.parametrize("language", ["en", "en-US", "EN-gb", "en_GB"])
def test_every_english_is_spoken_by_the_default_voice(language: str) -> None:
    assert voice_for(language, "heart", explicit=False) == VoiceChoice("heart")


def test_a_voice_that_was_not_named_gives_way_without_a_word() -> None:
    assert voice_for("de-AT", "heart", explicit=False) == VoiceChoice("pico-de-de")


def test_the_voice_of_the_very_region_comes_first() -> None:
    assert own_voice("pico", "en-GB", "heart") == VoiceInfo("pico-en-gb", ("en-GB",), "pico")
    assert own_voice("pico", "en", "heart") == VoiceInfo("pico-en-us", ("en-US",), "pico")


def test_another_voice_than_the_one_that_was_named_is_told() -> None:
    choice = voice_for("fr", "heart", explicit=True)
    assert choice.voice == "pico-fr-fr"
    assert choice.notice is not None
    assert choice.notice.reason == "VOICE_CHANGED"
    assert choice.notice.message == (
        "the voice 'heart' speaks en, and the scene is in 'fr'; 'pico-fr-fr' speaks it instead"
    )


def test_where_no_voice_can_speak_it_is_told_which_adapter_would_help() -> None:
    choice = voice_for("fi", "heart", explicit=False)
    assert choice.voice == ""
    assert choice.notice is not None
    assert choice.notice.reason == "VOICE_CANNOT_SPEAK"
    assert "espeak-ng, when installed, speaks Finnish" in choice.notice.message
    assert engines_for("fi", "heart") == ()


def test_no_help_is_promised_for_a_language_that_no_adapter_speaks() -> None:
    notice = voice_for("tlh", "heart", explicit=False).notice
    assert notice is not None
    assert "espeak" not in notice.message


def test_makers_are_tried_in_order_the_wanted_voice_s_own_first() -> None:
    assert maker_names("en", "heart") == ["hibari", "pico"]
    assert maker_names("en", "pico-en-gb") == ["pico", "hibari"]
    assert maker_names("it", "heart") == ["pico"]


def test_espeak_has_voices_only_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "is_installed", lambda: True)
    assert voice_for("fi", "heart", explicit=False) == VoiceChoice("espeak-fi")
    assert maker_names("en", "heart") == ["hibari", "pico", "espeak-ng"]
    assert own_voice("espeak-ng", "pt-PT", "") == VoiceInfo("espeak-pt-pt", ("pt-PT",), "espeak-ng")


@pytest.mark.usefixtures("klingon")
def test_other_distributions_add_engines() -> None:
    assert voice_for("tlh", "heart", explicit=False) == VoiceChoice("worf")
    assert maker_names("en", "heart") == ["hibari", "pico", "warrior"]


def test_an_engine_whose_distribution_is_not_installed_has_no_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "PICO", VoiceEngine(("pico", "x:y", ("no-such-distribution",)), catalog.PICO.voices))
    assert maker_names("en", "heart") == ["hibari"]


@pytest.mark.parametrize("module", ["catalog", "silence", "protocol"])
def test_listing_voices_and_making_silence_load_no_engine(module: str) -> None:
    heavy = "{'numpy', 'hibari', 'onnxruntime', 'av', 'py_nanotts'}"
    code = (
        f"import sys, kinescribe_server.speech.{module} as module; getattr(module, 'voices', list)();"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
