"""Films that are wrong in one way each."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av import Packet
from av.stream import Stream
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from kinescribe_server.film.decoding import audio_frame

from .studio import Samples, tone

# What becomes of a packet: itself, changed or not, or None if it is dropped. The numbers count within each stream.
Change: TypeAlias = "Callable[[Packet[Stream], int], Packet[Stream] | None]"

WIDTH, HEIGHT, RATE = 320, 180, 25


def spoilt(film: Path, target: Path, change: Change) -> Path:
    """A copy of a film, packet by packet, with changes."""
    with (
        av.open(str(film)) as source,
        av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as file,
    ):
        streams = [source.streams.video[0], source.streams.audio[0]]
        copies = {stream.index: file.add_stream_from_template(stream, opaque=True) for stream in streams}
        file.metadata["title"] = "Spoilt"
        for stream in copies.values():
            stream.metadata["language"] = "eng"
        counts = dict.fromkeys(copies, 0)
        for packet in source.demux(*streams):
            if packet.dts is None:
                continue
            number = counts[packet.stream.index]
            counts[packet.stream.index] += 1
            changed = change(packet, number)
            if changed is not None:
                changed.stream = copies[packet.stream.index]
                file.mux(changed)
    return target


def foreign(
    target: Path,
    *,
    pictures: Callable[[int], int] = lambda number: 60 + number % 150,
    sound: Samples | None = None,
    seconds: int = 3,
    key_frame_distance: int = RATE,
    pixel_format: str = "yuv420p",
    tagged: bool = True,
    options: dict[str, str] | None = None,
    title: str = "Foreign",
) -> Path:
    """A film that was made elsewhere, correct but for what is asked for. `pictures` tells the grey of each frame."""
    heard = tone(seconds, rate=48_000, level=0.35) if sound is None else sound
    with av.open(
        str(target), "w", format="mp4", options={"movflags": "+faststart"} if options is None else options
    ) as file:
        video = file.add_stream("libx264", rate=RATE)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, pixel_format
        context = video.codec_context
        context.gop_size, context.options = key_frame_distance, {"preset": "ultrafast", "sc_threshold": "0"}
        if tagged:
            context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
            context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        audio = file.add_stream("aac", rate=48_000, layout="mono")
        for stream in (video, audio):
            stream.metadata["language"] = "eng"
        file.metadata["title"] = title
        for number in range(seconds * RATE):
            grey = np.full((HEIGHT, WIDTH, 3), pictures(number), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        resampler = av.AudioResampler("fltp", "mono", 48_000, frame_size=1024)
        for part in [*resampler.resample(audio_frame(heard)), *resampler.resample(None), None]:
            file.mux(audio.encode(part))
    return target
