import pytest

from kinescribe_server.film.timing import (
    AAC_FRAME,
    SILENT_EDGE_SAMPLES,
    SOUND_RATE,
    aac_frame_at,
    aac_frames_in,
    meeting_frames,
    plan,
    samples_per_frame,
)

FRAME_RATES = (24, 25, 30, 50, 60)


@pytest.mark.parametrize("frame_rate", FRAME_RATES)
@pytest.mark.parametrize("speech", [0.01, 1.0, 7.123, 59.99])
@pytest.mark.parametrize("pause", [None, 0.0, 2.5])
def test_speech_has_silence_on_both_sides_and_its_pause(frame_rate: int, speech: float, pause: float | None) -> None:
    timeline = plan(speech, pause, frame_rate, states=1)
    assert timeline.speech_start == 0.25
    assert timeline.speech_end == pytest.approx(0.25 + speech)
    assert timeline.duration - timeline.speech_end >= (0.45 if pause is None else pause) - 1e-6
    assert (timeline.duration - timeline.speech_end) * SOUND_RATE >= SILENT_EDGE_SAMPLES - 1


@pytest.mark.parametrize("frame_rate", [25, 30, 50, 60])
def test_clips_end_where_pictures_and_sound_packets_end_together(frame_rate: int) -> None:
    timeline = plan(3.3, None, frame_rate, states=1)
    assert timeline.samples % AAC_FRAME == 0
    assert timeline.duration < 0.25 + 3.3 + 0.45 + 0.6


def test_at_30_frames_the_grids_meet_every_16_frames_and_at_24_waiting_would_cost_too_much() -> None:
    assert meeting_frames(30) == 16
    assert 16 * samples_per_frame(30) == 25 * AAC_FRAME
    assert meeting_frames(24) == 1


def test_a_segment_without_audio_lasts_three_seconds_or_its_longer_pause() -> None:
    assert plan(0, None, 24, states=1).duration == 3.0
    assert plan(0, 1.0, 24, states=1).duration == 3.0
    assert plan(0, 5.0, 24, states=1).duration == 5.0


def test_a_length_on_the_grid_is_not_rounded_up_to_the_next() -> None:
    assert plan(0, 3.2, 30, states=1).frames == 96
    assert plan(0, 3.2, 25, states=1).frames == 80


def test_a_short_clip_grows_until_every_state_has_its_time() -> None:
    assert plan(0.1, None, 24, states=20).duration >= 20 * 0.3


@pytest.mark.parametrize("frame_rate", FRAME_RATES)
def test_sound_is_never_more_than_half_a_packet_beside_its_picture(frame_rate: int) -> None:
    for frame in range(5_000):
        assert (
            abs(aac_frame_at(frame, frame_rate) * AAC_FRAME - frame * samples_per_frame(frame_rate)) <= AAC_FRAME // 2
        )


def test_between_two_joins_a_clip_has_all_the_sound_packets_that_are_needed_or_one_more() -> None:
    for first in range(200):
        for frames in range(16, 120):
            needed = aac_frame_at(first + frames, 24) - aac_frame_at(first, 24)
            assert aac_frames_in(frames * samples_per_frame(24)) - needed in {0, 1}


def test_a_frame_rate_without_whole_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="29"):
        samples_per_frame(29)
