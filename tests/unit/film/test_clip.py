"""A clip shows its pictures when they are due, says its speech, and plays by itself."""

from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from PIL import Image

from kinescribe_server.film import encoder
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.picture import planes_of, read_picture
from kinescribe_server.film.protocol import RenderRequest, StatePicture
from kinescribe_server.film.timing import AAC_FRAME
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.protocol import Word

from .studio import HEIGHT, WIDTH, Studio, heard, packets, seen, slide, tone

THREE_WORDS = [Word("one", 0.1, 0.4, 0, 3), Word("two", 1.0, 1.4, 4, 7), Word("three", 2.0, 2.4, 8, 13)]


def three_states(studio: Studio) -> list[StatePicture]:
    return [StatePicture(studio.slide(number), cue) for number, cue in ((1, ""), (2, "two"), (3, "Three!"))]


def changes(frames: list[bytes]) -> list[int]:
    return [index for index in range(1, len(frames)) if frames[index] != frames[index - 1]]


@pytest.mark.parametrize("frame_rate", [24, 25, 30, 50, 60])
def test_each_state_is_held_unchanged_and_gives_way_in_the_frame_of_its_word(studio: Studio, frame_rate: int) -> None:
    audio, words = studio.recording(tone(3.0)), studio.words(THREE_WORDS)
    made = studio.clip(
        *three_states(studio), narration="one two three", audio=audio, words=words, frame_rate=frame_rate
    )
    frames = seen(studio.path(made, "clip"))
    assert len(frames) == made.details["frames"]
    assert changes(frames) == [int(1.25 * frame_rate), int(2.25 * frame_rate)]


def test_a_clip_says_of_itself_what_it_is(studio: Studio) -> None:
    made = studio.clip(*three_states(studio), audio=studio.recording(tone(3.0)))
    with av.open(str(studio.path(made, "clip"))) as file:
        picture, sound = file.streams.video[0], file.streams.audio[0]
        context = picture.codec_context
        assert (context.name, context.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.width, context.height) == (WIDTH, HEIGHT)
        assert picture.average_rate == picture.base_rate == 30
        assert (context.color_primaries, context.color_trc) == (ColorPrimaries.BT709, ColorTrc.BT709)
        assert (context.colorspace, context.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        assert (sound.codec_context.name, sound.codec_context.profile, sound.rate) == ("aac", "LC", 48_000)
        assert sound.layout.name == "mono"
        assert picture.start_time == sound.start_time == 0
        ends = [
            stream.duration * stream.time_base for stream in (picture, sound) if stream.duration and stream.time_base
        ]
        assert ends == [made.details["frames"] / picture.average_rate] * 2
    assert made.files["clip"].duration == made.details["duration"]


def test_key_frames_are_at_most_two_seconds_apart_and_frames_all_last_equally_long(studio: Studio) -> None:
    made = studio.clip(*three_states(studio), audio=studio.recording(tone(9.0)))
    with av.open(str(studio.path(made, "clip"))) as file:
        shown = [packet for packet in file.demux(video=0) if packet.size]
    keys = [index for index, packet in enumerate(shown) if packet.is_keyframe] + [len(shown)]
    assert max(later - earlier for earlier, later in pairwise(keys)) <= 60
    assert [packet.dts for packet in shown] == [packet.pts for packet in shown] == list(range(0, 512 * len(shown), 512))


def test_after_a_seek_the_picture_of_that_time_is_shown(studio: Studio) -> None:
    made = studio.clip(*three_states(studio), audio=studio.recording(tone(3.0)), words=studio.words(THREE_WORDS))
    frames = seen(studio.path(made, "clip"))
    with av.open(str(studio.path(made, "clip"))) as file:
        stream = file.streams.video[0]
        for wanted in (100, 3, 50, 70):
            file.seek(wanted * 512, stream=stream)
            found = next(frame for frame in file.decode(stream) if frame.pts == wanted * 512)
            assert found.to_ndarray().tobytes() == frames[wanted]


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_speech_of_any_rate_comes_after_the_lead_in_and_silence_is_silent(studio: Studio, rate: int) -> None:
    seconds = 2.0
    made = studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(tone(seconds, rate=rate), rate))
    sound = heard(studio.path(made, "clip"))
    assert len(sound) == round(made.details["duration"] * 48_000)
    wanted = np.zeros_like(sound)
    wanted[12_000 : 12_000 + 96_000] = tone(seconds, rate=48_000)
    assert np.abs(sound - wanted).max() < 0.01
    assert np.abs(sound[:10_000]).max() == 0
    assert np.abs(sound[-2 * AAC_FRAME :]).max() == 0


def test_a_recording_that_starts_and_ends_loud_does_not_click(studio: Studio) -> None:
    loud = np.full(24_000, 0.5, np.float32)
    sound = heard(studio.path(studio.clip(StatePicture(studio.slide(1)), audio=studio.recording(loud)), "clip"))
    assert np.abs(np.diff(sound)).max() < 0.02


def test_a_segment_without_audio_is_three_silent_seconds_shared_by_its_states(studio: Studio) -> None:
    made = studio.clip(*three_states(studio), frame_rate=25)
    assert {**made.details, "checks": None} == {"duration": 3.2, "frames": 80, "speech_start": 0.0, "checks": None}
    assert changes(seen(studio.path(made, "clip"))) == [int(3.2 * 25 / 3), int(3.2 * 25 * 2 / 3)]
    assert np.abs(heard(studio.path(made, "clip"))).max() == 0


def test_pictures_come_out_as_they_went_in(studio: Studio) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (128, 128, 128)]
    colours += [(255, 255, 255), (0, 0, 0), (31, 60, 120)]
    source = Image.new("RGB", (1920, 1080))
    source.paste(slide(7, (1920, 880)), (0, 200))
    for index, colour in enumerate(colours):
        source.paste(colour, (192 * index, 0, 192 * (index + 1), 200))
    request = RenderRequest((StatePicture(studio.picture(source)),), "")
    with av.open(str(studio.path(make_clip(request, studio.bench), "clip"))) as file:
        frame = next(file.decode(video=0))
    planes = frame.to_ndarray().astype(float)
    for index, colour in enumerate(colours):
        luma = planes[100, 192 * index + 96]
        red, green, blue = (part / 255 for part in colour)
        # ITU-R BT.709, 3.2 and 3.4; 8 bits, limited range.
        assert luma == pytest.approx(16 + 219 * (0.2126 * red + 0.7152 * green + 0.0722 * blue), abs=1.5)
    difference = frame.to_ndarray(format="rgb24").astype(float) - np.asarray(source).astype(float)
    assert 10 * np.log10(255**2 / np.mean(difference**2)) > 40
    luma = read_picture(studio.bench.artifacts.path(request.states[0].picture), 1920, 1080)
    errors = np.abs(planes_of(frame)[0].astype(int) - planes_of(luma)[0])
    assert errors.max() < 24  # no specks around letters
    assert 10 * np.log10(255**2 / np.mean(errors.astype(float) ** 2)) > 52


def test_the_same_request_gives_the_same_bytes_and_an_equal_picture_the_same_key_frame(studio: Studio) -> None:
    audio = studio.recording(tone(1.0))
    first, second = (studio.clip(*three_states(studio), audio=audio) for _ in range(2))
    assert first == second
    alone = studio.clip(StatePicture(studio.slide(3)), audio=audio)
    assert packets(studio.path(alone, "clip"), "video")[0] in packets(studio.path(first, "clip"), "video")


def test_an_encoder_without_matching_parameter_sets_encodes_every_frame(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"preset": "ultrafast", "x264-params": "bframes=0:cabac=0"}
    monkeypatch.setattr(encoder, "_X264_OPTIONS", options)
    made = studio.clip(*three_states(studio), audio=studio.recording(tone(3.0)), words=studio.words(THREE_WORDS))
    with av.open(str(studio.path(made, "clip"))) as file:
        shown = [packet for packet in file.demux(video=0) if packet.size]
    assert len(shown) == made.details["frames"]
    assert [index for index, packet in enumerate(shown) if packet.is_keyframe] == [0, 37, 67]
    bars = [np.frombuffer(frame, np.uint8)[20 * WIDTH : 21 * WIDTH] for frame in seen(studio.path(made, "clip"))]
    widths = [int((bar < 128).sum()) for bar in bars]
    assert [index for index in range(1, len(widths)) if abs(widths[index] - widths[index - 1]) > 5] == [37, 67]


def test_an_encoder_that_is_not_there_is_named(studio: Studio) -> None:
    request = RenderRequest((StatePicture(studio.slide(1)),), "", width=WIDTH, height=HEIGHT)
    for name in ("no_such_encoder", "h264_nvenc"):
        with pytest.raises(MakeError, match=name) as caught:
            make_clip(request, studio.bench, encoder=name)
        assert caught.value.reason == "ENCODER_UNAVAILABLE"
        assert not caught.value.retryable


def damaged_files(good: bytes) -> list[bytes]:
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    return [b"", b"not a file", good[: len(good) // 2], bytes(flipped)]


def test_damaged_pictures_are_told_and_leave_nothing_behind(studio: Studio) -> None:
    store = studio.bench.artifacts
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8))
    for data in damaged_files(store.read(studio.picture(noise))):
        with pytest.raises(MakeError) as caught:
            studio.clip(StatePicture(store.put_bytes(data, "image/png").sha256))
        assert (caught.value.reason, caught.value.retryable) == ("ASSET_DAMAGED", True)
        assert str(store.scratch()) not in caught.value.message
    assert list(store.scratch().iterdir()) == []


def test_a_picture_of_another_size_is_told(studio: Studio) -> None:
    with pytest.raises(MakeError, match=r"640 x 360 pixels; the film has 320 x 180"):
        studio.clip(StatePicture(studio.slide(1, (640, 360))))


def test_damaged_audio_and_word_times_are_told(studio: Studio) -> None:
    store, picture = studio.bench.artifacts, StatePicture(studio.slide(1))
    good = store.read(studio.recording(tone(1.0)))
    stereo = good[:22] + b"\2" + good[23:]
    for data in [b"", b"not a file", good[: len(good) // 2], good[: len(good) // 2 + 1], good[:44], good[:20], stereo]:
        with pytest.raises(MakeError) as caught:
            studio.clip(picture, audio=store.put_bytes(data, "audio/wav").sha256)
        assert (caught.value.reason, caught.value.retryable) == ("ASSET_DAMAGED", True)
        assert str(store.scratch().parent) not in caught.value.message
    with pytest.raises(MakeError, match="word times"):
        studio.clip(picture, words=store.put_bytes(b"[{}]", "application/json").sha256)


def test_a_segment_without_pictures_is_refused(studio: Studio) -> None:
    with pytest.raises(MakeError, match="at least one picture"):
        studio.clip()
