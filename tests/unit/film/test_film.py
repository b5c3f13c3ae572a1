"""A film is its clips, one after the other, and nothing is encoded twice."""

import gc
import resource
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.caption_rules import cues_of, violations
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.maker import make_film
from kinescribe_server.film.protocol import ClipOnTimeline, ComposeRequest, RenderRequest, StatePicture
from kinescribe_server.film.timing import AAC_FRAME
from kinescribe_server.jobs.errors import MakeError

from .studio import Studio, heard, packets, seen, slide, tone


def clips(studio: Studio, count: int, frame_rate: int = 30) -> list[Made]:
    """Clips of different pictures, tones and lengths."""
    return [
        studio.clip(
            StatePicture(studio.slide(index % 15)),
            StatePicture(studio.slide(index % 15 + 1)),
            audio=studio.recording(tone(1.0 + 0.137 * (index % 7), hertz=200 + 37 * index)),
            frame_rate=frame_rate,
        )
        for index in range(count)
    ]


def joined(studio: Studio, parts: list[Made], frame_rate: int = 30) -> Made:
    timeline = [studio.on_timeline(part, "What is said.", title=f"Part {index}") for index, part in enumerate(parts)]
    return studio.film(*timeline, frame_rate=frame_rate)


@pytest.mark.parametrize("frame_rate", [24, 25, 30, 50, 60])
def test_a_film_shows_and_says_exactly_what_its_clips_do(studio: Studio, frame_rate: int) -> None:
    parts = clips(studio, 5, frame_rate)
    film = studio.path(joined(studio, parts, frame_rate), "film.mp4")
    paths = [studio.path(part, "clip") for part in parts]
    assert packets(film, "video") == [packet for path in paths for packet in packets(path, "video")]
    assert seen(film) == [frame for path in paths for frame in seen(path)]
    sound, start = heard(film), 0
    for part, path in zip(parts, paths, strict=True):
        first = round(start * 48_000 / frame_rate / AAC_FRAME + 1e-9) * AAC_FRAME
        alone = heard(path)[: -2 * AAC_FRAME]
        assert np.array_equal(sound[first : first + len(alone)], alone)
        start += part.details["frames"]
    assert abs(len(sound) / 48_000 - start / frame_rate) <= AAC_FRAME / 2 / 48_000


@pytest.mark.parametrize("frame_rate", [24, 30])
def test_after_two_hundred_joins_sound_and_picture_are_together_and_joins_are_silent(
    studio: Studio, frame_rate: int
) -> None:
    parts = clips(studio, 8, frame_rate)
    parts = [parts[index % 8] for index in range(200)]
    made = joined(studio, parts, frame_rate)
    sound = heard(studio.path(made, "film.mp4"))
    assert abs(len(sound) / 48_000 - made.details["duration"]) <= AAC_FRAME / 2 / 48_000
    start = 0
    for index, part in enumerate(parts):
        first = start * 48_000 // frame_rate
        around_the_join = sound[max(0, first - 1_536) : first + 10_000]
        assert np.abs(around_the_join).max() < 3e-6  # one step of 16 bits is 10 of these
        wanted = tone(1.0 + 0.137 * (index % 8 % 7), hertz=200 + 37 * (index % 8), rate=48_000)
        # The nearest AAC frame: at most 512 samples beside the picture, and never more, however many joins there were.
        speech = sound[first + 12_000 - 600 : first + 12_000 + len(wanted) + 600]
        size = 1 << 18
        likeness = np.fft.irfft(np.fft.rfft(speech, size) * np.conj(np.fft.rfft(wanted, size)), size)
        shift = int(np.argmax(likeness[: len(speech)])) - 600
        assert abs(shift) <= (0 if frame_rate == 30 else 512)
        assert np.abs(speech[600 + shift :][: len(wanted)] - wanted).max() < 0.01
        start += part.details["frames"]


def test_a_film_says_what_it_is_and_plays_while_it_is_fetched(studio: Studio) -> None:
    parts = clips(studio, 3)
    made = studio.film(
        studio.on_timeline(parts[0], title="First <steps>"),
        studio.on_timeline(parts[1]),
        studio.on_timeline(parts[2], title="Über uns 漢字"),
        title="Title & more",
        language="de-AT",
    )
    film = studio.path(made, "film.mp4")
    with av.open(str(film)) as file:
        assert file.metadata["title"] == "Title & more"
        picture, cover = file.streams.video
        sound = file.streams.audio[0]
        assert [stream.metadata["language"] for stream in (picture, sound)] == ["deu", "deu"]
        assert Disposition.attached_pic in cover.disposition
        chapters = file.chapters()
        frames = [part.details["frames"] for part in parts]
        assert [chapter["metadata"]["title"] for chapter in chapters] == ["First <steps>", "Über uns 漢字"]
        seconds = [float(chapter["start"] * chapter["time_base"]) for chapter in chapters if chapter["time_base"]]
        assert seconds == pytest.approx([0, sum(frames[:2]) / 30], abs=0.001)
        assert file.duration == pytest.approx(sum(frames) / 30 * 1_000_000, abs=1)
        ends = [
            stream.duration * stream.time_base for stream in (picture, sound) if stream.duration and stream.time_base
        ]
        assert ends[0] == ends[1] == sum(frames) / picture.average_rate
    data = film.read_bytes()
    assert data[4:8] == b"ftyp"
    assert data.index(b"moov") < data.index(b"mdat")
    assert studio.bench.artifacts.read(studio.slide(1)) in data
    assert b"Lavf" not in data[: data.index(b"mdat")]
    assert studio.path(made, "poster.png") == studio.bench.artifacts.path(studio.slide(1))


def test_the_same_request_gives_the_same_bytes(studio: Studio) -> None:
    parts = clips(studio, 3)
    assert joined(studio, parts) == joined(studio, parts)


def test_captions_and_transcript_follow_the_clips(studio: Studio) -> None:
    narrations = ["First <things> first.\nA second paragraph.", "", "Salt & pepper."]
    parts = clips(studio, 3)
    made = studio.film(*(studio.on_timeline(part, text) for part, text in zip(parts, narrations, strict=True)))
    store = studio.bench.artifacts
    captions = store.read(made.files["captions.vtt"].sha256).decode()
    assert captions.startswith("WEBVTT\n\n00:00:00.250 --> ")
    assert "First &lt;things&gt; first." in captions
    third = (parts[0].details["frames"] + parts[1].details["frames"]) / 30 + 0.25
    assert f"00:00:0{int(third * 1000) / 1000:.3f} --> " in captions
    assert store.read(made.files["captions.srt"].sha256).startswith(b"1\n00:00:00,250 --> ")
    transcript = store.read(made.files["transcript.txt"].sha256).decode()
    assert transcript == "A film\n\nFirst <things> first.\n\nA second paragraph.\n\nSalt & pepper.\n"


def test_the_captions_of_the_file_are_in_the_film_too_with_their_language(studio: Studio) -> None:
    narrations = ["First <b>things</b> {\\an8} first.", "", "HTTP/2 נושא בקשות רבות."]
    parts = clips(studio, 3)
    timeline = [studio.on_timeline(part, text) for part, text in zip(parts, narrations, strict=True)]
    made = studio.film(*timeline, language="he")
    cues = cues_of(studio.bench.artifacts.read(made.files["captions.vtt"].sha256).decode())
    with av.open(str(studio.path(made, "film.mp4"))) as file:
        (stream,) = file.streams.subtitles
        assert stream.metadata["language"] == "heb"
        # Between two captions, and before the first, there are empty ones.
        packets = [packet for packet in file.demux(stream) if packet.size > 2]
        texts = [bytes(packet)[2:].decode() for packet in packets]
        times = [((packet.pts or 0) / 1000, (packet.duration or 0) / 1000) for packet in packets]
        assert stream.time_base == Fraction(1, 1000)
    assert texts == ["\n".join(cue.lines) for cue in cues]
    assert texts[-1].startswith("\u200fHTTP/2")
    assert [start for start, _ in times] == pytest.approx([cue.start for cue in cues], abs=0.002)
    assert [length for _, length in times] == pytest.approx([cue.end - cue.start for cue in cues], abs=0.002)
    assert violations(cues, made.details["duration"]) == []


def test_scenes_of_one_title_are_one_chapter(studio: Studio) -> None:
    titles = ["A", "A", "", "B", "A"]
    parts = clips(studio, 5)
    made = studio.film(*(studio.on_timeline(part, title=title) for part, title in zip(parts, titles, strict=True)))
    with av.open(str(studio.path(made, "film.mp4"))) as file:
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["A", "B", "A"]


def test_the_transcript_has_times_and_chapters_and_no_markup_of_the_users(studio: Studio) -> None:
    narrations = ["One *star*.\nTwo [links](x).", "", "Last & least &amp; <b>."]
    parts = clips(studio, 3)
    made = studio.film(
        *(
            studio.on_timeline(part, *case)
            for part, case in zip(
                parts, ((narrations[0], "", "A_b"), ("", "", "Silent"), (narrations[2], "", "Silent")), strict=True
            )
        ),
        title="A # film",
    )
    frames = [part.details["frames"] for part in parts]
    third = int(sum(frames[:2]) / 30 + 0.25)
    assert studio.bench.artifacts.read(made.files["transcript.md"].sha256).decode() == (
        "# A # film\n\n"
        "## 00:00 A\\_b\n\n**00:00** One \\*star\\*.\n\n**00:00** Two \\[links\\](x).\n\n"
        f"## 00:{frames[0] // 30:02} Silent\n\n"
        f"**00:{third:02}** Last & least \\&amp; \\<b\\>.\n"
    )


def test_frames_that_last_are_joined_at_their_times(studio: Studio) -> None:
    request = RenderRequest(
        (StatePicture(studio.slide(1)), StatePicture(studio.slide(2), "two")),
        "one two",
        studio.recording(tone(5.0)),
        width=320,
        height=180,
        motion_seconds=0.2,
    )
    clip = make_clip(request, studio.bench, hold="variable")
    frames = clip.details["frames"]
    film = studio.path(studio.film(*[studio.on_timeline(clip)] * 3), "film.mp4")

    def times(path: Path) -> list[int]:
        with av.open(str(path)) as file:
            base = file.streams.video[0].time_base
            assert base is not None
            return [round((frame.pts or 0) * base * 30) for frame in file.decode(video=0)]

    alone = times(studio.path(clip, "clip"))
    assert len(alone) < frames / 4
    assert times(film) == [time + frames * part for part in range(3) for time in alone]
    assert abs(len(heard(film)) / 48_000 - 3 * frames / 30) <= AAC_FRAME / 48_000


def test_thumbnails_show_how_each_scene_ends_over_its_time(studio: Studio) -> None:
    parts = clips(studio, 3) * 9
    timeline = [replace(studio.on_timeline(part), thumbnail=part.files["thumbnail"].sha256) for part in parts]
    made = studio.film(*timeline)
    store = studio.bench.artifacts
    cues = store.read(made.files["thumbnails.vtt"].sha256).decode().split("\n\n")[1:]
    assert len(cues) == 27
    first, seventh, last = (cues[index].split("\n") for index in (0, 6, 26))
    assert first[0].startswith("00:00:00.000 --> ")
    assert (first[1], seventh[1]) == ("thumbnails-00.jpg#xywh=0,0,320,180", "thumbnails-00.jpg#xywh=320,180,320,180")
    assert last[1] == "thumbnails-01.jpg#xywh=320,0,320,180"
    assert first[0].split(" --> ")[1] == cues[1].split(" --> ")[0]
    whole = Image.open(studio.path(made, "thumbnails-00.jpg"))
    assert whole.size == (1600, 900)
    assert Image.open(studio.path(made, "thumbnails-01.jpg")).size == (640, 180)
    # The second clip ends with slide 2.
    wanted = np.asarray(slide(2)).astype(float)
    assert np.abs(np.asarray(whole.crop((320, 0, 640, 180))).astype(float) - wanted).mean() < 4


def test_no_captions_are_written_where_none_are_wanted(studio: Studio) -> None:
    part = studio.on_timeline(clips(studio, 1)[0], "Said.")
    request = ComposeRequest((part,), "", "", studio.slide(1), False, 320, 180)
    files = {"film.mp4", "transcript.txt", "transcript.md", "poster.png", "report.json"}
    assert set(make_film(request, studio.bench).files) == files


def test_damaged_clips_are_told_and_leave_nothing_behind(studio: Studio) -> None:
    store = studio.bench.artifacts
    good = clips(studio, 1)[0]
    data = store.read(good.files["clip"].sha256)
    first = studio.on_timeline(good)
    no_sound = data.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz")
    for damaged in [b"", b"not a file", data[: len(data) // 2], data[:-200], no_sound]:
        second = ClipOnTimeline(store.put_bytes(damaged, "video/mp4").sha256, first.frames, 0.25, "")
        with pytest.raises(MakeError, match="segment 1") as caught:
            studio.film(first, second)
        assert (caught.value.reason, caught.value.retryable) == ("ASSET_DAMAGED", True)
        assert str(store.scratch().parent) not in caught.value.message
    with pytest.raises(MakeError, match="has 64 frames and 100 sound packets of 65 and 102"):
        studio.film(ClipOnTimeline(first.clip, first.frames + 1, 0.25, ""))
    assert list(store.scratch().iterdir()) == []


def test_clips_that_were_encoded_otherwise_are_refused(studio: Studio) -> None:
    one, other = clips(studio, 1)[0], clips(studio, 1, frame_rate=25)[0]
    with pytest.raises(MakeError, match="segment 1") as caught:
        studio.film(studio.on_timeline(one), studio.on_timeline(other))
    assert caught.value.reason == "CLIPS_DIFFER"


def test_a_film_of_no_clips_is_refused(studio: Studio) -> None:
    with pytest.raises(MakeError, match="at least one clip"):
        studio.film()


def test_memory_does_not_grow_with_the_number_of_clips(studio: Studio) -> None:
    parts = clips(studio, 4)
    joined(studio, parts)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = joined(studio, parts * 60)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    # What grows is the file's index in the muxer, some hundred bytes a packet; all packets would be more.
    assert made.files["film.mp4"].size_bytes > 2_000_000
    assert grown < 12_000_000
