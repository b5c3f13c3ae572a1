"""The voices of a service among those that are installed."""

import subprocess
import sys

import pytest

from kinescribe_server.speech.catalog import VoiceChoice, engines, engines_for, voice_for, voices
from kinescribe_server.speech.protocol import VoiceInfo
from kinescribe_server.speech.remote_voices import remote_engine

ANY = remote_engine("https://api.example.com/v1/audio/speech", "tts-1", " alloy, nova ,alloy")
ENGLISH = remote_engine("http://kokoro:8880/v1/", "kokoro", "af_bella(2)+af_sky", "en", api="kokoro")


def test_its_voices_come_first_and_speak_any_language_unless_the_settings_say_which() -> None:
    among = (ANY, *engines())
    assert voices(among)[:3] == (
        VoiceInfo("remote/alloy", ("mul",), "remote"),
        VoiceInfo("remote/nova", ("mul",), "remote"),
        VoiceInfo("heart", ("en",), "hibari"),
    )
    assert voice_for("tlh", "", explicit=False, among=among) == VoiceChoice("remote/alloy")
    assert voice_for("en", "remote/nova", explicit=True, among=among) == VoiceChoice("remote/nova")
    assert voice_for("en", "heart", explicit=True, among=among) == VoiceChoice("heart")
    choice = voice_for("de", "remote/af_bella(2)+af_sky", explicit=True, among=(ENGLISH, *engines()))
    assert choice.voice == "pico-de-de"
    assert choice.notice is not None
    assert "speaks en, and the scene is in 'de'" in choice.notice.message


def test_when_it_fails_an_installed_voice_speaks_and_the_other_way_round() -> None:
    among = (ANY, *engines())
    assert [engine.maker[0] for engine in engines_for("en", "remote/nova", among)][:2] == ["remote", "hibari"]
    assert [engine.maker[0] for engine in engines_for("en", "heart", among)][:2] == ["hibari", "remote"]
    assert [engine.maker[0] for engine in engines_for("tlh", "", among)] == ["remote"]


def test_a_result_s_key_has_the_model_the_voice_and_the_address_and_no_secret() -> None:
    arguments = dict(ANY.arguments)
    assert (arguments["base_url"], arguments["model"], arguments["voice"]) == (
        "https://api.example.com/v1",
        "tts-1",
        "alloy",
    )
    assert dict(ENGLISH.arguments)["base_url"] == "http://kokoro:8880/v1"
    assert dict(ENGLISH.arguments)["api"] == "kokoro"
    assert not any("key" in name for name in arguments)
    assert all(isinstance(value, str) for value in arguments.values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "api.example.com/v1"}, "no scheme"),
        ({"base_url": "http://me:secret@host/v1"}, "holds a user or a password"),
        ({"voices": " , "}, "expected names with commas"),
        ({"voices": "alloy\nnova"}, "expected names with commas"),
        ({"languages": "English please"}, "expected tags with commas"),
        ({"model": " "}, "the model is empty"),
        ({"api": "elevenlabs"}, "the API is 'elevenlabs'; expected openai or kokoro"),
        ({"audio_format": "mp3"}, "the format is 'mp3'; expected wav or pcm"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_told_with_what_is_allowed(changes: dict[str, str], words: str) -> None:
    settings = {"base_url": "http://host/v1", "model": "tts-1", "voices": "alloy"} | changes
    with pytest.raises(ValueError, match=words) as error:
        remote_engine(**settings)  # type: ignore[arg-type]
    assert "secret" not in str(error.value)


def test_naming_its_voices_loads_no_engine_and_no_client() -> None:
    code = (
        "import sys, kinescribe_server.speech.remote_voices;"
        "print(sorted({'numpy', 'av', 'httpx', 'hibari'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
