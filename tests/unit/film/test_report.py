"""Every film comes with a report that tells what was measured, where the plan was not kept, and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import jsonschema
import numpy as np
import pytest

import kinescribe_server.film.report as report_module
from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.captions import Caption, Mark
from kinescribe_server.film.check import plan_rules
from kinescribe_server.film.check.any_film import check_any_film
from kinescribe_server.film.check.clip_checks import PictureWatch
from kinescribe_server.film.check.finding import Finding, Outcome, guarded
from kinescribe_server.film.check.layouts import layout_checks
from kinescribe_server.film.check.plan_rules import Segment
from kinescribe_server.film.check.sound import SoundMeter, integrated, together
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.encoder import VideoFormat, open_encoder
from kinescribe_server.film.join import Film, Part
from kinescribe_server.film.picture import read_picture
from kinescribe_server.film.protocol import ClipOnTimeline, ComposeRequest, RenderRequest, StatePicture, with_job
from kinescribe_server.film.report import film_report

from .studio import HEIGHT, WIDTH, Samples, Studio, heard, loudness_and_peak, tone

SCHEMA = json.loads((Path(report_module.__file__).parent / "report.schema.json").read_text())
SAID = "Nobody knows how this came to be said at all."
BOX = {"text": "Text", "x": 10, "y": 10, "width": 50, "height": 20, "font_size": 8, "state": 0}
INK = {"color": "#000000", "background": "#ffffff"}


def layout(*boxes: Mapping[str, Any]) -> bytes:
    return json.dumps({"width": WIDTH, "height": HEIGHT, "boxes": [{**BOX, **INK, **box} for box in boxes]}).encode()


def clip(studio: Studio, number: int, samples: Samples | None = None, narration: str = SAID) -> ClipOnTimeline:
    sound = tone(2.5, hertz=300 + 40 * number, level=0.33) if samples is None else samples
    record = studio.bench.artifacts.put_bytes(layout({}), "application/json").sha256
    states = (StatePicture(studio.slide(number)), StatePicture(studio.slide(number + 1)))
    made = studio.clip(*states, narration=narration, audio=studio.recording(sound), layout=record)
    return replace(studio.on_timeline(made, narration, title=f"Part {number}"), checks=made.details["checks"])


def read(studio: Studio, made: Made) -> Mapping[str, Any]:
    report: Mapping[str, Any] = json.loads(studio.bench.artifacts.read(made.files["report.json"].sha256))
    jsonschema.validate(report, SCHEMA)
    return report


def failed(report: Mapping[str, Any]) -> dict[str, list[str]]:
    return {check["name"]: check["places"] for check in report["checks"] if check["outcome"] == "failed"}


@pytest.fixture
def parts(studio: Studio) -> list[ClipOnTimeline]:
    return [clip(studio, number) for number in range(3)]


def test_the_report_of_a_right_film_has_no_fault_and_is_the_same_each_time(
    studio: Studio, parts: list[ClipOnTimeline]
) -> None:
    made = studio.film(*parts)
    report = read(studio, made)
    assert (report["passed"], failed(report), made.notices) == (True, {}, ())
    assert [check["name"] for check in report["checks"] if check["outcome"] == "not_applicable"] == []
    assert [segment["sound_drift"] for segment in report["segments"]] == [0, 0, 0]
    assert all(segment["similarity"] > 0.98 for segment in report["segments"])
    assert studio.film(*parts) == made


def test_the_loudness_of_a_film_is_told_from_its_clips(studio: Studio) -> None:
    levels = (0.33, 0.1, 0.6)
    parts = [clip(studio, n, tone(2.5 + n, 300 + 40 * n, level=level)) for n, level in enumerate(levels)]
    film = heard(studio.path(studio.film(*parts), "film.mp4"))
    loudness, peak = loudness_and_peak(film)
    counts = [{int(key): n for key, n in part.checks["sound"]["loudness"].items()} for part in parts]
    assert integrated(together(counts)) == pytest.approx(loudness, abs=0.1)
    assert max(part.checks["sound"]["true_peak"] for part in parts) == pytest.approx(peak, abs=0.1)


def test_loudness_and_true_peak_are_those_of_the_standard() -> None:
    """EBU Tech 3341: a tone of 997 Hz (here in one channel) at -20 dBFS; and a peak that lies between samples."""
    time = np.arange(10 * 48_000) / 48_000
    tones = {(997, 0.0): -23.0, (12_000, np.pi / 4): None}
    for (hertz, phase), lufs in tones.items():
        meter = SoundMeter()
        for second in (0.1 * np.sin(2 * np.pi * hertz * time + phase)).astype(np.float32).reshape(10, 1, -1):
            meter.hear(second)
        found = meter.heard()
        assert found.true_peak == pytest.approx(-20, abs=0.3)
        if lufs is not None:
            assert integrated(found.loudness) == pytest.approx(lufs, abs=0.1)


def test_a_pause_in_the_middle_of_speech_is_told_and_one_beside_it_is_not(studio: Studio) -> None:
    gap = np.concatenate((tone(2, level=0.33), np.zeros(4 * 24_000, np.float32), tone(2, level=0.33)))
    report = read(studio, studio.film(clip(studio, 1, gap), clip(studio, 2)))
    assert list(failed(report)) == ["silence"]
    assert failed(report)["silence"][0].startswith("2.2")
    assert failed(read(studio, studio.film(clip(studio, 1, gap, narration=""), clip(studio, 2)))) == {}


def test_a_fault_is_a_notice_and_the_film_is_there(studio: Studio) -> None:
    made = studio.film(clip(studio, 1, np.clip(tone(2.5, level=3.0), -1, 1)), clip(studio, 2))
    assert "film.mp4" in made.files
    assert [notice.reason for notice in made.notices] == ["CHECK_FAILED", "CHECK_FAILED"]
    assert made.notices[0].message.startswith("loudness: -")
    assert made.notices[1].message.startswith("true peak: ")
    assert not read(studio, made)["passed"]


def test_a_film_whose_cuts_are_elsewhere_than_planned_is_told(studio: Studio, parts: list[ClipOnTimeline]) -> None:
    path = studio.path(studio.film(*parts), "film.mp4")
    planned = [replace(parts[0], frames=parts[0].frames + 4), *parts[1:]]
    film = Film([Part(path, part.frames) for part in planned], WIDTH, HEIGHT, 30, "A film", "eng", path)
    request = ComposeRequest(tuple(planned), "A film", "en", "", True, WIDTH, HEIGHT)
    data, notices = film_report(path, film, request, [])
    places = failed(json.loads(data))["cuts"]
    assert places[:2] == ["the picture of segment 1 is -133.3 ms late", "the sound of segment 1 is -133.3 ms late"]
    assert any("cuts" in notice.message for notice in notices)


def test_clips_that_were_swapped_are_told_by_their_sound(studio: Studio, parts: list[ClipOnTimeline]) -> None:
    swapped = [replace(parts[0], checks=parts[2].checks), parts[1], replace(parts[2], checks=parts[0].checks)]
    assert "the sound of segment 0 is not where it should be" in failed(read(studio, studio.film(*swapped)))["cuts"]


def test_a_film_with_music_is_measured_where_somebody_speaks(studio: Studio, parts: list[ClipOnTimeline]) -> None:
    music = studio.upload(tone(8, 880, rate=48_000), "wav", "pcm_s16le")
    silent = studio.clip(StatePicture(studio.slide(4)), pause_after=12.0)
    unspoken = replace(studio.on_timeline(silent, title="Look"), checks=silent.details["checks"])
    made = studio.film(*parts, unspoken, music=music)
    report = read(studio, made)
    assert failed(report) == {}
    loudness = next(check for check in report["checks"] if check["name"] == "loudness")
    film = studio.path(made, "film.mp4")
    speech = heard(film)[: round(48_000 * report["segments"][-1]["start"])]
    assert loudness["values"]["lufs"] == pytest.approx(loudness_and_peak(speech)[0], abs=0.4)
    assert [segment["sound_drift"] for segment in report["segments"]] == [None] * 4
    assert "loudness" not in {one.check for one in check_any_film(film, full=False) if one.outcome is Outcome.FAILED}


def test_a_film_of_music_alone_has_no_loudness_of_speech(studio: Studio) -> None:
    music = studio.upload(tone(8, 880, rate=48_000), "wav", "pcm_s16le")
    silent = studio.clip(StatePicture(studio.slide(4)), pause_after=6.0)
    unspoken = replace(studio.on_timeline(silent, title="Look"), checks=silent.details["checks"])
    report = read(studio, studio.film(unspoken, music=music))
    assert failed(report) == {}


def test_a_film_that_cannot_be_read_again_is_told(studio: Studio, tmp_path: Path) -> None:
    part = clip(studio, 1)
    film = Film([Part(tmp_path, part.frames)], WIDTH, HEIGHT, 30, "A film", "eng", tmp_path)
    request = ComposeRequest((part,), "A film", "en", "", True, WIDTH, HEIGHT)
    data, notices = film_report(tmp_path / "gone.mp4", film, request, [])
    jsonschema.validate(json.loads(data), SCHEMA)
    assert [notice.reason for notice in notices] == ["CHECK_FAILED"]


def test_a_check_that_breaks_is_a_failed_check() -> None:
    def broken() -> Finding:
        raise ZeroDivisionError

    assert guarded("one", broken).outcome is Outcome.FAILED


def test_captions_beside_their_words_are_told() -> None:
    def caption(start: float, end: float, *words: float) -> Caption:
        return Caption(start, end, ("Said",), tuple(Mark(word, 0, 0, 4) for word in words))

    fine = [caption(0.5, 2.0, 0.5, 1.5), caption(2.0, 3.5, 2.6)]
    late, cut_off, early = caption(1.0, 2.0, 0.5), caption(0.5, 2.0, 0.5, 2.5), caption(0.5, 3.0, 2.5)
    cues = report_module.planned_cues
    assert plan_rules.caption_timing(cues(fine), fine).outcome is Outcome.OK
    for wrong in (late, cut_off, early):
        assert plan_rules.caption_timing(cues([wrong]), [wrong]).outcome is Outcome.FAILED
    assert plan_rules.caption_timing(cues(fine[:1]), fine).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("boxes", "name"),
    [
        ([{"x": 300}], "overflow"),
        ([{}, {"x": 30}], "overlap"),
        ([{"font_size": 2.5}], "font size"),
        ([{"color": "#dddddd"}], "contrast"),
        ([{"text": "\ufffd"}], "glyphs"),
    ],
)
def test_a_page_that_cannot_be_read_is_told(boxes: list[Mapping[str, Any]], name: str) -> None:
    def faults(*of: Mapping[str, Any]) -> list[str]:
        found = plan_rules.layouts([Segment(0, 0, 30, {"layout": layout_checks(layout(*of))})])
        return [finding.check for finding in found if finding.outcome is Outcome.FAILED]

    assert faults({}, {"x": 30, "state": 1}) == []
    assert faults(*boxes) == [name]


def test_a_picture_that_is_black_or_another_or_stays_is_told(studio: Studio) -> None:
    form = VideoFormat(WIDTH, HEIGHT, 30)

    def frame(sha256: str) -> av.VideoFrame:
        return read_picture(studio.bench.artifacts.path(sha256), WIDTH, HEIGHT)

    def key_frame(picture: av.VideoFrame) -> bytes:
        context = open_encoder(form)
        picture.pts, picture.time_base = 0, form.time_base
        return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])

    one, other = frame(studio.slide(1)), frame(studio.slide(9))
    black = av.VideoFrame.from_ndarray(np.zeros((HEIGHT, WIDTH, 3), np.uint8), format="rgb24").reformat(
        format="yuv420p"
    )
    watch = PictureWatch(open_encoder(form).extradata or b"")
    for picture, shown in ((one, one), (other, one), (other, other), (one, black), (black, black)):
        watch.look(picture, key_frame(shown))
    found = watch.as_json()
    assert (found["black"], found["unchanged"], found["similarity"] < 0.9) == ([3], [1, 4], True)
    segments = [Segment(0, 0, 30, {"picture": found})]
    for rule in (plan_rules.similarity, plan_rules.black, plan_rules.frozen):
        assert rule(segments).outcome is Outcome.FAILED


def test_what_cannot_be_measured_is_told_and_stops_nothing(studio: Studio) -> None:
    watch = PictureWatch()
    watch.look(read_picture(studio.bench.artifacts.path(studio.slide(1)), WIDTH, HEIGHT), b"no picture")
    with pytest.raises(RuntimeError):
        watch.as_json()
    damaged = studio.bench.artifacts.put_bytes(b"no layout", "application/json").sha256
    made = studio.clip(
        StatePicture(studio.slide(1)), narration=SAID, audio=studio.recording(tone(2, level=0.33)), layout=damaged
    )
    part = replace(studio.on_timeline(made, SAID, title="One"), checks=made.details["checks"])
    assert failed(read(studio, studio.film(part))) == {"clips": ["the layout of segment 0"]}


def test_what_the_job_knows_is_added(studio: Studio, parts: list[ClipOnTimeline]) -> None:
    stage = {"steps": 3, "cached": 1, "wall_seconds": 1.5, "cpu_seconds": 1.25}
    warning = {"segment": None, "reason": "CHECK_FAILED", "message": "loudness"}
    job = {"stages": {"speech": stage}, "degraded_segments": [], "warnings": [warning]}
    data = studio.bench.artifacts.read(studio.film(*parts).files["report.json"].sha256)
    whole = json.loads(with_job(data, job))
    jsonschema.validate(whole, SCHEMA)
    assert whole == {**json.loads(data), "job": job}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(with_job(data, {"stages": {}})), SCHEMA)


def test_clips_that_nobody_measured_make_a_film_whose_file_is_checked(studio: Studio) -> None:
    part = replace(clip(studio, 1), checks={})
    report = read(studio, studio.film(part))
    outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
    assert (outcomes["timestamps"], outcomes["similarity"], outcomes["overlap"]) == ("ok", *["not_applicable"] * 2)


def test_a_request_is_what_it_was_after_it_was_kept(studio: Studio, parts: list[ClipOnTimeline]) -> None:
    """Details are kept as JSON; a film of clips that were taken from storage is the same film."""
    kept = [replace(part, checks=json.loads(json.dumps(part.checks))) for part in parts]
    assert studio.film(*kept) == studio.film(*parts)


def test_frames_that_last_are_no_fault_where_they_were_asked_for(studio: Studio) -> None:
    request = RenderRequest((StatePicture(studio.slide(1)),), "", width=WIDTH, height=HEIGHT)
    made = make_clip(request, studio.bench, hold="variable")
    part = replace(studio.on_timeline(made, title="One"), checks=made.details["checks"])
    assert "frame rate" not in failed(read(studio, studio.film(part)))
