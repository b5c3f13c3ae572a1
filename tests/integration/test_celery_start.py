"""What a service and a worker say, in one sentence, when they cannot run."""

import sys
from pathlib import Path

import pytest
from tests.integration.fleet import fleet
from tests.robustness.installation import free_port

from kinescribe_server.app.celery_parts import celery_engine
from kinescribe_server.config import Settings
from kinescribe_server.jobs.errors import SettingError


async def _refusal(folder: Path, settings: dict[str, str], *arguments: str) -> str:
    """What a command says that ends by itself, with 1."""
    async with fleet(folder, settings) as running:
        command = await running.launch(*arguments)
        assert await command.code() == 1
        running.commands.clear()
    (said,) = command.told[-1].strip().splitlines()
    assert said.startswith("kinescribe: the service cannot run: ")
    return said


async def test_a_worker_says_that_the_state_is_away(data_folder: Path) -> None:
    port = free_port()
    said = await _refusal(data_folder, {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}, "worker")
    assert f"Redis at 127.0.0.1:{port}" in said


async def test_a_service_says_that_its_broker_does_not_answer(data_folder: Path) -> None:
    port = free_port()
    settings = {"CELERY_BROKER_URL": f"amqp://guest:secret@127.0.0.1:{port}//"}
    said = await _refusal(data_folder, settings, "serve", "--listen", "127.0.0.1:0", "--http", "off")
    assert f"the broker at amqp://127.0.0.1:{port}" in said
    assert "secret" not in said


async def test_a_worker_says_that_its_broker_does_not_answer(data_folder: Path) -> None:
    settings = {"CELERY_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"}
    async with fleet(data_folder, {}) as running:
        await (await running.serve()).is_up()
        assert "the broker at redis://127.0.0.1" in await _refusal(data_folder, settings, "worker")


async def test_a_service_says_what_a_broker_is(data_folder: Path) -> None:
    said = await _refusal(data_folder, {"CELERY_BROKER_URL": "sqs://"}, "serve", "--listen", "127.0.0.1:0")
    assert "CELERY_BROKER_URL begins with 'sqs'" in said


async def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("kinescribe_server.engine.celery_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(SettingError, match=r"pip install 'kinescribe\[celery,server\]'"):
        await celery_engine(Settings(), "redis://127.0.0.1:6379/0")
