"""From the settings to the table of makers: who is tried first, and what is said of settings that cannot be."""

from pathlib import Path

import pytest

from kinescribe_server.app.makers import known_engines, maker_table
from kinescribe_server.config import Settings, read_settings
from kinescribe_server.jobs.errors import SettingError
from kinescribe_server.jobs.makers import MakerSpec, MakerTable
from kinescribe_server.visuals.presenton_deck import Pace

LLM = {"llm_base_url": "http://localhost:11434/v1/chat/completions", "llm_model": "llama"}
SPEECH = {"speech_base_url": "http://kokoro:8880/v1/", "speech_voices": "alloy, nova", "speech_languages": "en,de"}
PRESENTON = {"presenton_url": "https://slides.example.com/api/v1"}


def table(**changes: object) -> MakerTable:
    return maker_table(Settings.model_validate(changes))


def names(makers: tuple[MakerSpec, ...]) -> list[str]:
    return [maker.name for maker in makers]


def test_without_settings_everything_is_made_here() -> None:
    makers = table()
    assert list(makers.writers) == ["offline"]
    assert (makers.translators, makers.translator, makers.slides_are_a_deck) == ({}, None, False)
    assert names(makers.visuals["slide"]) == ["slide"]
    every = [*makers.writers["offline"], *makers.visuals["formula"], *makers.speaker_for("en", "", False).makers]
    assert not any(maker.chosen for maker in every)


def test_a_language_model_writes_and_translates_and_the_offline_writer_comes_after_it() -> None:
    makers = table(**LLM)
    assert {name: names(writers) for name, writers in makers.writers.items()} == {
        "llm": ["llm", "offline"], "offline": ["offline"]
    }  # fmt: skip
    assert names(makers.translators["offline"]) == ["translated"]
    llm = makers.writers["llm"][0]
    assert dict(llm.arguments)["base_url"] == "http://localhost:11434/v1"
    assert llm.chosen and llm.fatal == {"REMOTE_KEY_REFUSED", "REMOTE_NOT_FOUND"}


def test_remote_voices_speak_their_languages_and_embedded_ones_the_others() -> None:
    makers = table(**SPEECH)
    spoken = makers.speaker_for("de", "", False)
    assert (spoken.voice, names(spoken.makers)[:2]) == ("remote/alloy", ["remote", "pico"])
    assert [maker.chosen for maker in spoken.makers][:2] == [True, False]
    assert makers.speaker_for("en", "remote/nova", True).voice == "remote/nova"
    assert "remote" not in names(makers.speaker_for("fr", "", False).makers)
    assert [voice.name for voice in known_engines(Settings.model_validate(SPEECH))[0].voices] == [
        "remote/alloy",
        "remote/nova",
    ]


def test_presenton_and_tex_draw_first() -> None:
    makers = table(**PRESENTON, formula_renderer="tex")
    assert names(makers.visuals["slide"]) == ["presenton", "slide"]
    assert names(makers.visuals["formula"]) == ["tex", "mathra"]
    assert makers.slides_are_a_deck
    presenton, tex = makers.visuals["slide"][0], makers.visuals["formula"][0]
    assert dict(presenton.arguments)["base_url"] == "https://slides.example.com"
    assert presenton.chosen and tex.chosen
    assert presenton.fatal == {"REMOTE_KEY_REFUSED"}  # what it has forgotten or not kept is no fault of the settings


@pytest.mark.parametrize(
    "change",
    [
        {"llm_model": "another"},
        {"llm_base_url": "http://localhost:11435/v1"},
        {"speech_model": "tts-1-hd"},
        {"speech_voices": "nova"},
        {"presenton_template": "modern"},
    ],
)
def test_another_address_model_voice_or_template_is_another_key(change: dict[str, str]) -> None:
    def versions(settings: dict[str, str]) -> list[str]:
        makers = table(**settings)
        first = (makers.writers["llm"], makers.speaker_for("en", "", False).makers, makers.visuals["slide"])
        return [specs[0].version for specs in first]

    before, after = versions(LLM | SPEECH | PRESENTON), versions(LLM | SPEECH | PRESENTON | change)
    differs = [old != new for old, new in zip(before, after, strict=True)]
    kinds = [any(name.startswith(kind) for name in change) for kind in ("llm", "speech", "presenton")]
    assert differs == kinds


@pytest.mark.parametrize(
    "change",
    [
        {"llm_timeout_seconds": 600},
        {"llm_budget_seconds": 900, "llm_budget_tokens": 1_000_000},
        {"llm_concurrency": 1, "llm_per_minute": 5},
        {"speech_timeout_seconds": 5, "speech_requests_per_minute": 9},
    ],
)
def test_how_long_and_how_often_somebody_is_asked_is_no_other_key(change: dict[str, int]) -> None:
    before, after = table(**LLM, **SPEECH), table(**LLM, **SPEECH, **change)
    assert [maker.version for maker in before.writers["llm"]] == [maker.version for maker in after.writers["llm"]]
    speakers = [makers.speaker_for("en", "", False).makers[0] for makers in (before, after)]
    assert speakers[0].version == speakers[1].version


@pytest.mark.parametrize("url", ["https://openrouter.ai/api/v1", "http://webui:3000/api", "http://localhost/v1"])
def test_the_address_of_a_model_is_left_whole(url: str) -> None:
    for given in (url, f"{url}/", f"{url}/chat/completions"):
        assert dict(table(**LLM | {"llm_base_url": given}).writers["llm"][0].arguments)["base_url"] == url


def test_the_version_of_tex_is_part_of_a_formula_s_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for version in ("TeX 1", "TeX 2"):
        for program in ("latex", "dvisvgm"):
            (tmp_path / program).write_text(f"#!/bin/sh\necho '{program} {version}'\n")
            (tmp_path / program).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        keys.add(table(formula_renderer="tex").visuals["formula"][0].version)
    assert len(keys) == 2


def test_who_waits_for_a_deck_has_time_for_another_worker_s_and_an_own_one() -> None:
    pace = Pace()
    assert table(**PRESENTON).visuals["slide"][0].patience == 2 * (pace.most + pace.drawing)


def test_a_key_is_no_part_of_a_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    before = table(**LLM, **SPEECH, **PRESENTON)
    for name in ("LLM_API_KEY", "SPEECH_API_KEY", "PRESENTON_API_KEY", "PRESENTON_PASSWORD"):
        monkeypatch.setenv(name, "sk-0123456789")
    after = table(**LLM, **SPEECH, **PRESENTON)
    assert (after.writers, after.visuals) == (before.writers, before.visuals)
    assert after.speaker_for("en", "", False) == before.speaker_for("en", "", False)
    assert "sk-0123456789" not in repr((after, read_settings()))


@pytest.mark.parametrize(
    ("settings", "found", "allowed"),
    [
        ({"llm_base_url": "http://localhost:11434/v1"}, "LLM_MODEL is empty", "gpt-4o"),
        (LLM | {"llm_base_url": "localhost:11434/v1"}, "LLM_BASE_URL: 'localhost:11434/v1'", "http://HOST:PORT/PATH"),
        (LLM | {"llm_base_url": "http://me:hunter2@host"}, "LLM_BASE_URL: 'http://…@host'", "settings of their own"),
        (SPEECH | {"speech_base_url": "kokoro"}, "'kokoro'", "http://HOST:PORT/PATH"),
        (SPEECH | {"speech_voices": " , "}, "the voices are ' , '", "alloy,nova"),
        (SPEECH | {"speech_languages": "German!"}, "the languages are 'German!'", "en,de"),
        (SPEECH | {"speech_model": " "}, "the model is empty", "tts-1"),
        ({"presenton_url": "slides.example.com"}, "PRESENTON_URL: 'slides.example.com'", "https://HOST/PATH"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_sentence_with_what_is_allowed(settings: dict[str, str], found: str, allowed: str) -> None:
    with pytest.raises(SettingError) as raised:
        table(**settings)
    message = raised.value.message
    assert found in message and allowed in message
    assert "\n" not in message and "hunter2" not in message


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SPEECH_API", "elevenlabs", "'openai' or 'kokoro'"),
        ("SPEECH_FORMAT", "mp3", "'wav' or 'pcm'"),
        ("PRESENTON_AUTH", "digest", "'none', 'basic' or 'bearer'"),
        ("FORMULA_RENDERER", "mathjax", "'mathra' or 'tex'"),
        ("LLM_BUDGET_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_those_that_are(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as raised:
        read_settings()
    assert raised.value.message.startswith(f"{name}=") and allowed in raised.value.message
    assert "\n" not in raised.value.message
