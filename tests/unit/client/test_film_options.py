"""Options are checked with what was given and what is allowed."""

from pathlib import Path

import pytest

from kinescribe.cli.film_options import FilmOptions
from kinescribe.cli.sound_files import SoundFile
from kinescribe.v1 import job_pb2


def test_options_reach_the_service() -> None:
    options = FilmOptions("heart", "light", "de", "1280X720", 25, 1.25, captions=False, strict=True)
    assert options.problems() == []
    assert options.message() == job_pb2.VideoOptions(
        voice="heart",
        theme="light",
        language="de",
        width=1280,
        height=720,
        frame_rate=25,
        speaking_rate=1.25,
        captions=job_pb2.CAPTION_MODE_OFF,
        strict=True,
    )


def test_captions_in_the_picture_and_music_are_asked_for() -> None:
    options = FilmOptions(burn_in=True, music=SoundFile(Path("quiet.mp3"), "audio/mpeg"))
    wanted = job_pb2.VideoOptions(captions=job_pb2.CAPTION_MODE_BURNED_IN, music="abc.mpeg")
    assert options.message(music_attachment="abc.mpeg") == wanted


@pytest.mark.parametrize(("told", "seconds"), [("1m", 60), ("12h", 43_200), ("7d", 604_800), ("365 D", 31_536_000)])
def test_a_job_is_kept_for_the_time_that_is_told(told: str, seconds: int) -> None:
    options = FilmOptions(retention=told)
    assert options.problems() == []
    assert options.message().retention.ToSeconds() == seconds


def test_what_is_not_said_is_left_to_the_text_and_the_service() -> None:
    assert FilmOptions().message() == job_pb2.VideoOptions()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (FilmOptions(size="1920"), 'size: "1920" is not WIDTHxHEIGHT, for example 1920x1080'),
        (FilmOptions(size="-640x360"), 'size: "-640x360" is not WIDTHxHEIGHT, for example 1920x1080'),
        (FilmOptions(size="641x360"), "size: the width 641 is not possible; allowed: even numbers from 320 to 3840"),
        (FilmOptions(size="640x9000"), "size: the height 9000 is not possible; allowed: even numbers from 320 to 3840"),
        (FilmOptions(size="3840x3840"), "size: 3840x3840 has more pixels than 3840x2160, the most that is possible"),
        (FilmOptions(frame_rate=0), "frame rate: 0 is not possible; allowed: 24, 25, 30, 50, 60"),
        (FilmOptions(captions=False, burn_in=True), "captions: they cannot be left out and be in the picture"),
        (FilmOptions(retention="59"), 'retention: "59" is not possible; allowed: 1m to 365d, for example 12h or 7d'),
        (
            FilmOptions(retention="366d"),
            'retention: "366d" is not possible; allowed: 1m to 365d, for example 12h or 7d',
        ),
        (FilmOptions(speaking_rate=0.0), "speaking rate: 0 is not possible; allowed: 0.5 to 2"),
        (FilmOptions(speaking_rate=float("nan")), "speaking rate: nan is not possible; allowed: 0.5 to 2"),
    ],
)
def test_what_is_impossible_is_refused(options: FilmOptions, problem: str) -> None:
    assert options.problems() == [problem]


def test_every_problem_is_named() -> None:
    assert len(FilmOptions(size="1x1", frame_rate=1, speaking_rate=9).problems()) == 4
