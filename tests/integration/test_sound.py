"""What is heard and read: loudness, joins, captions, recordings and music of films from the whole service."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import DATA
from tests.unit.film.studio import Samples, heard, loudness_and_peak

from kinescribe import Client
from kinescribe.errors import InvalidRequest
from kinescribe.v1 import job_pb2, script_pb2
from kinescribe_server.app import run_service
from kinescribe_server.config import Settings
from kinescribe_server.film.caption_rules import Cue, cues_of, violations

RATE = 48_000


@dataclass
class Films:
    """A service's films, in a folder each."""

    folder: Path
    runner: asyncio.Runner
    client: Client

    def make(
        self, name: str, *, text: str | None = None, script: script_pb2.Script | None = None, **options: Any
    ) -> "Film":
        wanted = job_pb2.VideoOptions(width=640, height=360, **options)
        return self.runner.run(self._make(name, text, script, wanted))

    def upload(self, content: bytes, media_type: str) -> str:
        return self.runner.run(self.client.upload_attachment(content, media_type))

    async def _make(
        self, name: str, text: str | None, script: script_pb2.Script | None, options: job_pb2.VideoOptions
    ) -> "Film":
        started = await self.client.generate(text=text, script=script, options=options)
        async for _ in self.client.watch(started.job_id):
            pass
        job = await self.client.get_job(started.job_id, full=True)
        folder = self.folder / name
        of_segments = [artifact for segment in job.segments for artifact in segment.artifacts]
        for artifact in [job.video.film, *job.video.extras, *of_segments]:
            path = folder / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            await self.client.download(job.job_id, artifact.name, path)
        return Film(job, folder)


@dataclass
class Film:
    job: job_pb2.Job
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "film.mp4"

    @property
    def sound(self) -> Samples:
        return heard(self.path)

    @property
    def cues(self) -> list[Cue]:
        return cues_of((self.folder / "captions.vtt").read_text())

    @property
    def seconds(self) -> float:
        return self.job.video.duration.ToTimedelta().total_seconds()

    @property
    def starts(self) -> list[float]:
        """When each segment begins, and the end."""
        lengths = [segment.duration.ToTimedelta().total_seconds() for segment in self.job.segments]
        return [sum(lengths[:count]) for count in range(len(lengths) + 1)]

    @property
    def reasons(self) -> list[str]:
        return [warning.reason for warning in self.job.warnings]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Films]:
    """A service and a client of it, for all tests of this module."""
    folder = tmp_path_factory.mktemp("sound")
    with asyncio.Runner() as runner:
        service = run_service(folder / "data", log_file=folder / "service.log", settings=Settings())
        client = Client(runner.run(service.__aenter__()).address)
        try:
            yield Films(folder, runner, client)
        finally:
            runner.run(client.close())
            runner.run(service.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def http2(films: Films) -> Film:
    return films.make("http2", text=(DATA / "http2.txt").read_text())


def test_speech_is_as_loud_as_it_should_be_in_every_segment_and_never_clips(http2: Film) -> None:
    loudness, peak = loudness_and_peak(http2.sound)
    print(f"film: {loudness:.1f} LUFS, {peak:.1f} dBTP")  # noqa: T201 -- the figures are looked for
    assert loudness == pytest.approx(-16, abs=1)
    assert peak <= -1.0
    for start, end in pairwise(http2.starts):
        spoken = http2.sound[round(start * RATE) : round(end * RATE)]
        if np.abs(spoken).max() > 0.01:  # a title may have nothing to say
            loudness, peak = loudness_and_peak(spoken)
            assert loudness == pytest.approx(-16, abs=1)
            assert peak <= -1.0


def test_joins_are_silent(http2: Film) -> None:
    assert len(http2.starts) > 3
    for start in http2.starts[1:-1]:
        around = http2.sound[round((start - 0.04) * RATE) : round((start + 0.2) * RATE)]
        assert np.abs(around).max() < 1e-4


def test_pictures_sound_and_captions_of_the_file_fit_and_play_everywhere(http2: Film) -> None:
    with av.open(str(http2.path)) as file:
        picture, sound, track = file.streams.video[0], file.streams.audio[0], file.streams.subtitles[0]
        ends = [float((stream.duration or 0) * (stream.time_base or 0)) for stream in (picture, sound)]
        assert abs(ends[0] - ends[1]) <= 1 / 30
        assert ends[0] == pytest.approx(http2.seconds, abs=1e-3)
        assert track.metadata["language"] == "eng"
        texts = [bytes(packet)[2:].decode() for packet in file.demux(track) if packet.size > 2]
    assert texts == ["\n".join(cue.lines) for cue in http2.cues]


def test_captions_keep_their_rules_and_say_what_was_written(http2: Film) -> None:
    assert violations(http2.cues, http2.seconds) == []
    said = " ".join(line for cue in http2.cues for line in cue.lines)
    assert said.endswith(" ".join((DATA / "http2.txt").read_text().split()))
    assert (http2.folder / "captions.srt").read_text().count(" --> ") == len(http2.cues)
    assert "**00:" in (http2.folder / "transcript.md").read_text()


def test_captions_come_when_the_voice_does(http2: Film) -> None:
    """Against the energy onset after each pause of at least 150 ms."""
    late = [
        cue.start - nearest
        for cue in http2.cues
        for nearest in [min(onsets(http2.sound), key=lambda onset: abs(onset - cue.start))]
        if abs(nearest - cue.start) < 0.5
    ]
    off = np.abs(late)
    print(f"{len(off)} of {len(http2.cues)}: median {np.median(off):.3f} s, 95% {np.percentile(off, 95):.3f} s")  # noqa: T201
    assert len(off) >= 0.6 * len(http2.cues)
    assert np.median(off) <= 0.06
    assert np.percentile(off, 95) <= 0.15


def onsets(sound: Samples) -> list[float]:
    """Where sound begins after at least 150 ms below -45 dBFS, to 5 ms."""
    step = RATE // 200
    power: NDArray[np.float32] = np.mean(sound[: len(sound) // step * step].reshape(-1, step) ** 2, axis=1)
    loud = power > 10 ** (-45 / 10)
    edges = np.flatnonzero(np.diff(np.concatenate(([True], loud)).astype(int)))
    return [later / 200 for earlier, later in pairwise(edges.tolist()) if loud[later] and later - earlier >= 30]


def test_a_recording_is_heard_instead_of_the_voice_and_captioned_by_its_text(films: Films, http2: Film) -> None:
    index, segment = next((number, part) for number, part in enumerate(http2.job.segments) if number > 0)
    narration = http2.job.script.scenes[index].narration
    wav = http2.folder / f"segments/{segment.segment_index:04d}/audio.wav"
    mp3 = films.folder / "recording.mp3"
    with av.open(str(wav)) as source, av.open(str(mp3), "w") as target:
        stream = target.add_stream("libmp3lame", rate=RATE)
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    name = films.upload(mp3.read_bytes(), "audio/mpeg")
    visual = script_pb2.Visual(slide=script_pb2.Slide(title="Heard"))
    scenes = [script_pb2.Scene(narration=text, audio_attachment=name, visual=visual) for text in (narration, "")]
    film = films.make("recorded", script=script_pb2.Script(title="Recorded", scenes=scenes))
    assert film.job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert film.reasons == ["RECORDING_WITHOUT_TEXT"]
    loudness, peak = loudness_and_peak(film.sound)
    assert loudness == pytest.approx(-16, abs=1)
    assert peak <= -1.0
    assert violations(film.cues, film.seconds) == []
    assert " ".join(line for cue in film.cues for line in cue.lines) == " ".join(narration.split())
    true, found = (
        [word["start"] for word in json.loads((folder / "words.json").read_text())]
        for folder in (wav.parent, film.folder / "segments/0000")
    )
    assert np.median(np.abs(np.array(true) - found)) < 0.12


def test_a_recording_that_cannot_be_read_gives_way_to_the_voice_and_says_why(films: Films) -> None:
    name = films.upload(b"fLaC" + bytes(2_000), "audio/flac")
    visual = script_pb2.Visual(slide=script_pb2.Slide(title="Spoken"))
    scene = script_pb2.Scene(narration="A voice says this.", audio_attachment=name, visual=visual)
    film = films.make("broken", script=script_pb2.Script(title="Broken", scenes=[scene]))
    assert film.job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert film.reasons == ["AUDIO_INVALID"]
    assert loudness_and_peak(film.sound)[0] == pytest.approx(-16, abs=1)
    assert film.cues[0].lines == ("A voice says this.",)


def test_uploads_are_judged_by_what_they_are(films: Films) -> None:
    for content, media_type, found in (
        (b"\x89PNG\r\n", "audio/wav", "not those of audio/wav"),
        (b"RIFF", "audio/midi", "audio/ogg"),
    ):
        with pytest.raises(InvalidRequest, match=found):
            films.upload(content, media_type)
    with pytest.raises(InvalidRequest, match="was not uploaded"):
        films.make("nothing", text="Water boils.", music="nothing.mpeg")


def test_music_is_heard_behind_the_film(films: Films, http2: Film) -> None:
    time = np.arange(7 * RATE) / RATE
    music = films.folder / "music.flac"
    chord = np.sum([np.sin(2 * np.pi * hertz * time) for hertz in (110, 165, 220)], axis=0) / 8
    raw = (chord * 32767).astype("<i2").tobytes()
    with av.open(str(music), "w") as target:
        stream = target.add_stream("flac", rate=RATE)
        frame = av.AudioFrame.from_ndarray(np.frombuffer(raw, "<i2").reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    name = films.upload(music.read_bytes(), "audio/flac")
    film = films.make("music", text=(DATA / "http2.txt").read_text(), music=name)
    assert film.reasons == []
    assert film.job.options.music == name
    loudness, peak = loudness_and_peak(film.sound)
    assert loudness == pytest.approx(-16, abs=1)
    assert peak <= -1.0
    assert len(film.sound) == len(http2.sound)
    pauses = [loudness_and_peak(film.sound[round((at - 0.1) * RATE) :][: RATE // 2])[0] for at in film.starts[1:-1]]
    assert all(-40 < pause < -15 for pause in pauses)


def test_captions_in_the_picture_are_below_it(films: Films) -> None:
    text = "# Water\n\nWater boils at one hundred degrees.\n\n- It freezes at zero\n- It covers most of the Earth\n"
    film = films.make("burned", text=text, captions=job_pb2.CAPTION_MODE_BURNED_IN)
    assert film.job.options.captions == job_pb2.CAPTION_MODE_BURNED_IN
    assert film.cues
    with av.open(str(film.path)) as file:
        assert not file.streams.subtitles
        frames = [frame.to_ndarray(format="rgb24") for frame in islice(file.decode(video=0), 5, None, 10)]
    bands = [frame[-40:] for frame in frames]
    assert all(int(np.median(band)) < 40 for band in bands)
    assert sum(band.max() > 200 for band in bands) > 0.6 * len(bands)
