"""Skip pictures show the picture before again, exactly."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.codec.context import Flags

from kinescribe_server.film.skip import ParameterSets, SkipWriter, UnmatchedEncoderError, read_parameter_sets

# SPS and PPS of x264 (High, level 4.0) at 1920 x 1080: 120 x 68 macroblocks.
FULL_HD = bytes.fromhex("0000000167640028acb403c0113f2cd40404050000030001000003003c0f1832a0" + "0000000168ee023cb0")
MATCHED = "bframes=0:weightp=0:ref=1:rc-lookahead=0:sync-lookahead=0"


def encoder(width: int, height: int, x264: str = MATCHED) -> av.VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 30)
    context.flags |= Flags.global_header
    context.profile = "High"
    context.options = {"preset": "veryfast", "x264-params": x264}
    context.open()
    return context


def decoded(extradata: bytes, pictures: list[bytes]) -> list[bytes]:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = extradata
    decoder.options = {"err_detect": "explode"}
    frames = [frame for data in pictures for frame in decoder.decode(av.Packet(data))]
    return [frame.to_ndarray().tobytes() for frame in [*frames, *decoder.decode(None)]]


@pytest.mark.parametrize(("width", "height"), [(320, 320), (322, 182), (1080, 1920), (1920, 1080), (3840, 2160)])
def test_a_decoder_shows_the_same_picture_for_as_long_as_it_is_held(width: int, height: int) -> None:
    context = encoder(width, height)
    noise = np.random.default_rng(1).integers(16, 235, (height * 3 // 2, width), np.uint8)
    key_frame = b"".join(
        map(bytes, [*context.encode(av.VideoFrame.from_ndarray(noise, "yuv420p")), *context.encode(None)])
    )
    skip = SkipWriter(context.extradata or b"")
    # Twice, with more pictures between than frame_num has values.
    group = [key_frame, *(skip.picture(index) for index in range(1, 18))]
    frames = decoded(context.extradata or b"", group * 2)
    assert len(frames) == 36
    assert set(frames) == {frames[0]}


def test_moving_pictures_follow_held_ones_when_they_are_renumbered() -> None:
    context = encoder(320, 180)
    noise = np.random.default_rng(2)
    still = noise.integers(16, 235, (270, 320), np.uint8)
    moved = [still, *(np.roll(still, 8 * step, axis=1) for step in range(1, 6))]
    packets = []
    for number, pixels in enumerate(moved):
        frame = av.VideoFrame.from_ndarray(pixels, "yuv420p")
        frame.pts = number
        packets += context.encode(frame)
    key_frame, *moving = map(bytes, [*packets, *context.encode(None)])
    extradata = context.extradata or b""
    skip = SkipWriter(extradata)
    wanted = decoded(extradata, [key_frame, *moving])
    for held in (1, 4, 15, 16, 17, 59):
        group = [key_frame, *(skip.picture(index) for index in range(1, held))]
        group += [skip.renumbered(picture, held + index) for index, picture in enumerate(moving)]
        assert decoded(extradata, group * 2) == ([wanted[0]] * held + wanted[1:]) * 2


def test_renumbering_keeps_start_codes_out() -> None:
    skip = SkipWriter(FULL_HD)
    # frame_num 8 leaves a byte of zeros behind the header's first bits, with zeros after it.
    picture = b"\0\0\0\1\x41\x9b\x80\x00\x00\x03\x01\x80"
    for number in range(16):
        renumbered = skip.renumbered(picture, number)
        assert not any(code in renumbered[4:] for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
        assert skip.renumbered(renumbered, 7) == skip.renumbered(picture, 7)


def test_the_parameter_sets_of_x264_are_read() -> None:
    assert read_parameter_sets(FULL_HD) == ParameterSets(macroblocks=120 * 68, frame_num_bits=4, picture_qp=18)


def test_a_skip_picture_of_full_hd_is_67_bytes() -> None:
    assert {len(SkipWriter(FULL_HD).picture(index)) for index in range(1, 60)} == {67}


def test_no_start_code_appears_inside_a_skip_picture() -> None:
    skip = SkipWriter(FULL_HD)
    for index in range(1, 60):
        body = skip.picture(index)[4:]
        assert not any(code in body for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))


@pytest.mark.parametrize(
    ("x264", "found"),
    [
        (MATCHED + ":cabac=0", "CAVLC"),
        (MATCHED.replace("weightp=0", "weightp=1"), "weighted"),
        (MATCHED.replace("bframes=0", "bframes=2"), "order"),
        (MATCHED + ":no-deblock=1:fake-interlaced=1", "interlaced"),
    ],
)
def test_streams_that_cannot_be_matched_are_refused(x264: str, found: str) -> None:
    with pytest.raises(UnmatchedEncoderError, match=found):
        SkipWriter(encoder(320, 240, x264).extradata or b"")


@pytest.mark.parametrize("extradata", [b"", b"\x01\x64\x00\x28", FULL_HD[:20], FULL_HD[:-3]])
def test_what_is_no_pair_of_parameter_sets_is_refused(extradata: bytes) -> None:
    with pytest.raises(UnmatchedEncoderError):
        SkipWriter(extradata)
