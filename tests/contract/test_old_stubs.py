"""Clients of the first contract keep working: a process that has only its stubs, kept in tests/data/stubs_v1."""

import asyncio
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, json_format
from google.protobuf.message_factory import GetMessageClass

from kinescribe.v1 import catalog_service_pb2, video_service_pb2
from kinescribe_server.app import Service

_HERE = Path(__file__).parent
_OLD_STUBS = _HERE.parent / "data" / "stubs_v1"


async def _run_with_old_stubs(program: str, *arguments: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(_HERE / program), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_OLD_STUBS)},
    )
    output, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    answer = json.loads(output)
    assert isinstance(answer, dict)
    return answer


@cache
def _first_contract() -> dict[str, Any]:
    contract = asyncio.run(_run_with_old_stubs("describe_stubs.py"))
    assert Path(contract["home"]) == _OLD_STUBS / "kinescribe" / "v1"
    return contract


def _todays_calls() -> dict[str, list[Any]]:
    return {
        f"{service.full_name}/{call.name}": [
            *(call.input_type.full_name, call.client_streaming),
            *(call.output_type.full_name, call.server_streaming),
        ]
        for file in (video_service_pb2.DESCRIPTOR, catalog_service_pb2.DESCRIPTOR)
        for service in file.services_by_name.values()
        for call in service.methods
    }


def test_every_message_of_the_first_contract_means_the_same_today() -> None:
    messages = _first_contract()["messages"]
    assert len(messages) > 30
    pool = descriptor_pool.Default()
    for name, samples in messages.items():
        today = GetMessageClass(pool.FindMessageTypeByName(name))
        for sample in samples:
            wire = bytes.fromhex(sample["wire"])
            message = today.FromString(wire)
            assert message.SerializeToString(deterministic=True) == wire, name
            # Equal bytes alone would let a removed field pass: it travels on as an unknown one.
            assert json_format.MessageToDict(message) == sample["json"], name


def test_every_name_and_number_of_the_first_enums_stands() -> None:
    enums = _first_contract()["enums"]
    assert enums
    pool = descriptor_pool.Default()
    for name, values in enums.items():
        today = {value.name: value.number for value in pool.FindEnumTypeByName(name).values}
        assert values.items() <= today.items(), name


def test_every_call_of_the_first_contract_takes_and_answers_the_same_types() -> None:
    calls = _first_contract()["calls"]
    assert "kinescribe.v1.VideoService/WatchJob" in calls
    assert calls.items() <= _todays_calls().items()


@pytest.mark.timeout(180)
async def test_a_client_of_the_first_contract_makes_watches_and_downloads_a_film(service: Service) -> None:
    seen = await _run_with_old_stubs("old_client.py", service.address)
    assert seen["status"] == "JOB_STATUS_SUCCEEDED"
    kinds = [kind for _, kind in seen["events"]]
    assert [sequence for sequence, _ in seen["events"]] == list(range(1, len(kinds) + 1))
    assert (kinds[0], kinds[-1]) == ("job_accepted", "job_finished")
    assert {"script_ready", "audio_ready", "visual_ready", "segment_rendered", "video_ready"} <= set(kinds)
    assert seen["downloaded_bytes"] == seen["film_bytes"] > 0
