"""A segment's pictures and speech -> a clip: an MP4 that plays by itself and is joined without encoding it again."""

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import av
from av.container import OutputContainer

from kinescribe_server.engine.protocol import Bench, Made
from kinescribe_server.film import sound, video
from kinescribe_server.film.burnt_in import with_captions
from kinescribe_server.film.captions import Spoken
from kinescribe_server.film.check.clip_checks import PictureWatch, clip_checks
from kinescribe_server.film.cues import appearances
from kinescribe_server.film.encoder import X264, VideoFormat, describe
from kinescribe_server.film.holding import HoldBy
from kinescribe_server.film.motion import Way
from kinescribe_server.film.mp4 import interleaved, of_stream, seconds_of, store_mp4
from kinescribe_server.film.protocol import RenderRequest
from kinescribe_server.film.thumbnails import thumbnail_of
from kinescribe_server.film.timing import SOUND_RATE, Timeline, plan
from kinescribe_server.film.words import clip_words
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.speech.protocol import Word


def make_clip(request: RenderRequest, bench: Bench, *, encoder: str = X264, hold: HoldBy = "skip") -> Made:
    """Files {"clip", "thumbnail"}, details {"duration", "frames", "speech_start", "checks"} as in protocol.py.
    `encoder` is FFmpeg's name of an H.264 encoder, `hold` how a picture is held (holding.py).

    Raises MakeError for damaged assets and for an encoder that this machine does not have.
    """
    if not request.states:
        raise MakeError("NO_PICTURE", "a segment needs at least one picture and has none")
    form = VideoFormat(request.width, request.height, request.frame_rate, encoder)
    wav = bench.artifacts.path(request.audio) if request.audio else None
    spoken = sound.speech_seconds(wav) if wav else 0.0
    timeline = plan(spoken, request.pause_after, request.frame_rate, len(request.states))
    words = clip_words(request.words, request.narration, timeline.speech_start, timeline.speech_end, bench.artifacts)
    holds = _holds(request, words, timeline, bench)
    if request.burned_in:
        clip = Spoken(request.narration, words, 0.0, timeline.duration)
        holds = with_captions(holds, clip, form, request.language)
    motion = video.Motion(request.motion_seconds, Way.DRAW if request.drawn else Way.RISE)
    shown: deque[av.VideoFrame] = deque(maxlen=1)
    watch = PictureWatch()

    def look(picture: av.VideoFrame, key_frame: bytes) -> None:
        shown.append(picture)
        watch.look(picture, key_frame)

    pictures = video.encode(holds, form, motion, hold, look)

    def write(file: OutputContainer) -> None:
        picture_stream = cast("av.VideoStream", file.add_stream(encoder, rate=form.frame_rate))
        describe(picture_stream.codec_context, form)
        sound_stream = file.add_stream("aac", rate=SOUND_RATE)
        sound.describe(sound_stream.codec_context)
        file.start_encoding()
        watch.parameter_sets = picture_stream.codec_context.extradata or b""
        samples = sound.encode(wav, timeline, sound_stream.codec_context)
        for packet in interleaved(of_stream(picture_stream, pictures), of_stream(sound_stream, samples)):
            file.mux(packet)
            if packet.stream is picture_stream and packet.is_keyframe:
                bench.report(100 * seconds_of(packet) / timeline.duration)

    stored = store_mp4(bench.artifacts, timeline.duration, write)
    layout = bench.artifacts.read(request.layout) if request.layout else b""
    details = {
        "duration": timeline.duration,
        "frames": timeline.frames,
        "speech_start": timeline.speech_start,
        "checks": clip_checks(
            bench.artifacts.path(stored.sha256),
            timeline,
            watch,
            layout,
            narrated=bool(request.narration.strip()) and not request.unspoken,
            constant=hold != "variable",
        ),
    }
    thumbnail = bench.artifacts.put_bytes(thumbnail_of(shown[-1]), "image/png")
    return Made({"clip": stored, "thumbnail": thumbnail}, details)


def _holds(request: RenderRequest, words: Sequence[Word], timeline: Timeline, bench: Bench) -> list[video.Hold]:
    """Each state's picture and for how many frames it is seen."""
    cues = [state.cue for state in request.states]
    times = appearances(cues, words, (timeline.speech_start, timeline.speech_end), timeline.duration)
    # A state is there in the frame in which its word begins, so it never comes late.
    starts = [int(time * timeline.frame_rate + 1e-6) for time in times]
    pictures = [bench.artifacts.path(state.picture) for state in request.states]
    spans = pairwise([*starts, timeline.frames])
    return [video.Hold(picture, last - first) for picture, (first, last) in zip(pictures, spans, strict=True)]
