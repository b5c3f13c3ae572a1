"""Films of an installation whose services are away, or that has none."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.named_services import FORMULA, KEYS, SUBJECT, closed_port, environment, house, services

from kinescribe.errors import from_status
from kinescribe.v1 import job_pb2, script_pb2
from kinescribe_server.config import Settings

COMMAND = (sys.executable, "-c", "from kinescribe.cli import main; main()")
ENGLISH = (
    "Rain is water that falls from the clouds when the drops have grown too heavy for the air. "
    "The rivers take it back to the sea, where the sun lifts it up again."
)
TEXT = f"# Rain\n\n{ENGLISH}\n\n$$ {FORMULA['latex']} $$\n\n## Snow\n\nSnow is rain that has frozen on its way.\n"


async def test_with_every_service_away_a_film_is_delivered_with_a_warning_for_each(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path, tmp_path: Path
) -> None:
    away = environment(closed_port(), closed_port(), closed_port()) | KEYS
    for name, value in away.items():
        monkeypatch.setenv(name, value)
    # A machine without TeX: it is found by the path alone.
    monkeypatch.setenv("PATH", str(tmp_path))
    async with house(data_folder, tmp_path / "service.log") as home:
        film = await home.film(TEXT)
        calls = home.calls()
        strict = await home.film("# Hail\n\nHail is ice that falls.", strict=True)
    assert film.job.status == job_pb2.JOB_STATUS_SUCCEEDED, film.job.error
    assert film.history.events[-1].job_finished.degraded_segments == 0
    warnings = {warning.message for warning in film.job.warnings if warning.reason == "OTHER_MAKER"}
    for service in ("language model", "speech service", "Presenton", "latex"):
        assert any(service in message for message in warnings), (service, warnings)
    segments = {warning.segment_index for warning in film.job.warnings if warning.HasField("segment_index")}
    assert segments == set(range(len(film.job.segments)))
    assert not film.makers["audio"] & {"remote"} and not film.makers["visual"] & {"presenton", "tex"}
    # Each call takes three attempts with waits of two seconds in all; the first failures of each worker are waited for.
    first = datetime.fromisoformat(calls[0]["timestamp"])
    ended = film.history.events[-1].time.ToDatetime(UTC)
    assert (ended - first).total_seconds() < 40
    assert {call["attempt"] for call in calls} == {1, 2, 3}

    assert strict.job.status == job_pb2.JOB_STATUS_FAILED
    assert from_status(strict.job.error).reason == "DEGRADED"
    assert "llm could not make this: the language model cannot be reached" in strict.job.error.message


async def test_without_a_model_words_stay_in_their_language_and_are_spoken_in_it(
    data_folder: Path, tmp_path: Path, settings: Settings
) -> None:
    own = script_pb2.Script(language="en", scenes=[script_pb2.Scene(id="one", narration="This is one.")])
    async with house(data_folder, tmp_path / "service.log", settings) as home:
        for source in (ENGLISH, own):
            film = await home.film(source, language="de")
            assert film.job.status == job_pb2.JOB_STATUS_SUCCEEDED, film.job.error
            assert film.reasons == ["TRANSLATION_UNAVAILABLE"]
            assert "LLM_BASE_URL" in film.job.warnings[0].message
            assert (film.makers["audio"], film.job.script.language) == ({"hibari"}, "en")


def test_the_command_line_prints_the_script_in_another_language(
    monkeypatch: pytest.MonkeyPatch, data_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "subject.md").write_text(SUBJECT)
    with services() as named:
        for name, value in named.environment().items():
            monkeypatch.setenv(name, value)
        done = subprocess.run(
            [*COMMAND, "script", "subject.md", "--language", "de", "--data", str(data_folder)],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("title: Machine learning\nlanguage: de\n")
