"""The service's films come with a report, and `kinescribe check` agrees with it."""

import asyncio
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
from tests.conftest import DATA

from kinescribe import Client
from kinescribe.v1.job_pb2 import VideoOptions
from kinescribe_server.app import Service
from kinescribe_server.film.report import VERSION


async def test_a_film_of_the_service_comes_with_its_report_and_passes_every_check(
    service: Service, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    async with Client(service.address) as client:
        text = (DATA / "gradient-descent.md").read_text()
        job = await client.generate(text=text, options=VideoOptions(width=640, height=360))
        async with client.watch(job.job_id) as watch:
            async for _ in watch:
                pass
        await client.download(job.job_id, "film.mp4", film)
        await client.download(job.job_id, "report.json", tmp_path / "report.json")
        finished = await client.get_job(job.job_id)
    report = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(report, json.loads(files("kinescribe_server.film").joinpath("report.schema.json").read_text()))
    assert (report["version"], report["passed"], list(finished.warnings)) == (VERSION, True, [])
    assert report["film"]["segments"] == len(report["segments"]) == finished.progress.segments
    assert all(segment["similarity"] > 0.98 and segment["sound_drift"] == 0 for segment in report["segments"])

    command = [sys.executable, "-c", "from kinescribe.cli import main; main()", "check", "--json", "--full", str(film)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, timeout=60, check=False)
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0
    told = {check["name"]: check for check in report["checks"]}
    assert abs(found["loudness"]["values"]["lufs"] - told["loudness"]["values"]["lufs"]) < 0.1
    same = set(found) & set(told) - {"loudness", "true peak", "silence", "black", "frozen", "metadata"}
    assert {name: found[name] for name in same} == {name: told[name] for name in same}
