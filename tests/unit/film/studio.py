"""Real pictures, recordings and films for the tests, and what a player sees and hears of them."""

import io
import json
import math
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.decoding import audio_frame
from kinescribe_server.film.maker import make_film
from kinescribe_server.film.protocol import ClipOnTimeline, ComposeRequest, RenderRequest, StatePicture
from kinescribe_server.speech.protocol import Word

WIDTH, HEIGHT = 320, 180
Samples = NDArray[np.float32]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Studio:
    bench: WorkerBench

    @classmethod
    def at(cls, folder: Path) -> "Studio":
        return cls(WorkerBench(ArtifactFolder(folder, min_free_bytes=0)))

    def picture(self, image: Image.Image) -> str:
        png = io.BytesIO()
        image.save(png, "PNG")
        return self.bench.artifacts.put_bytes(png.getvalue(), "image/png").sha256

    def slide(self, number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
        return self.picture(slide(number, size))

    def recording(self, samples: Samples, rate: int = 24_000) -> str:
        wav = io.BytesIO()
        with wave.open(wav, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((samples * 32767).astype("<i2").tobytes())
        return self.bench.artifacts.put_bytes(wav.getvalue(), "audio/wav").sha256

    def upload(self, samples: Samples, form: str, codec: str, rate: int = 48_000, layout: str = "mono") -> str:
        """A recording as users have them."""
        data = io.BytesIO()
        with av.open(data, "w", format=form) as file:
            stream = cast("av.AudioStream", file.add_stream(codec, rate=rate))
            stream.layout = layout
            size = stream.codec_context.frame_size or None
            resampler = av.AudioResampler(stream.format, layout, rate, frame_size=size)
            for frame in [*resampler.resample(audio_frame(samples)), *resampler.resample(None), None]:
                file.mux(stream.encode(frame))
        return self.bench.artifacts.put_bytes(data.getvalue(), "audio/*").sha256

    def words(self, words: Sequence[Word]) -> str:
        data = json.dumps([asdict(word) for word in words]).encode()
        return self.bench.artifacts.put_bytes(data, "application/json").sha256

    def clip(
        self,
        *states: StatePicture,
        narration: str = "",
        audio: str = "",
        words: str = "",
        pause_after: float | None = None,
        frame_rate: int = 30,
        layout: str = "",
    ) -> Made:
        request = RenderRequest(states, narration, audio, words, pause_after, WIDTH, HEIGHT, frame_rate, layout=layout)
        return make_clip(request, self.bench)

    def film(
        self,
        *clips: ClipOnTimeline,
        title: str = "A film",
        language: str = "en",
        frame_rate: int = 30,
        music: str = "",
    ) -> Made:
        request = ComposeRequest(
            clips, title, language, self.slide(1), True, WIDTH, HEIGHT, frame_rate, burned_in=False, music=music
        )
        return make_film(request, self.bench)

    def on_timeline(self, clip: Made, narration: str = "", words: str = "", title: str = "") -> ClipOnTimeline:
        frames, speech_start = clip.details["frames"], clip.details["speech_start"]
        return ClipOnTimeline(clip.files["clip"].sha256, frames, speech_start, narration, words, title)

    def path(self, made: Made, name: str) -> Path:
        return self.bench.artifacts.path(made.files[name].sha256)


def slide(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Image.Image:
    """A page with a bar whose length tells its number, and a line of text."""
    image = Image.new("RGB", size, (250, 248, 242))
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 20 + number * size[0] // 20, 40), fill=(31, 60, 120))
    draw.text((10, 60), f"Slide {number}: the quick brown fox", fill=(20, 20, 30))
    return image


def tone(seconds: float, hertz: float = 440, rate: int = 24_000, level: float = 0.4) -> Samples:
    """A tone that swells and dies away, so that a shift or a click in it shows."""
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * time) * np.sin(np.pi * time / seconds)).astype(np.float32)


def heard(path: Path) -> Samples:
    """What a player plays, at 48 kHz."""
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])


def seen(path: Path) -> list[bytes]:
    """The decoded pictures, each as the bytes of its planes."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray().tobytes() for frame in file.decode(video=0)]


def packets(path: Path, kind: str) -> list[bytes]:
    """The encoded packets of the first stream of a kind, with the encoder's priming."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0] if kind == "video" else file.streams.audio[0]
        return [bytes(packet) for packet in file.demux(stream) if packet.size]


def loudness_and_peak(samples: Samples) -> tuple[float, float]:
    """The integrated loudness (LUFS) and the true peak (dBTP) of mono sound at 48 kHz (EBU R 128)."""
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=48_000, format="fltp", layout="mono"),
        graph.add("ebur128", "metadata=1:framelog=quiet:peak=true"),
        graph.add("abuffersink"),
    ).configure()
    frame = audio_frame(samples)
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    found: dict[str, str] = {}
    while True:
        try:
            found.update(graph.pull().metadata)
        except (BlockingIOError, EOFError):
            return float(found["lavfi.r128.I"]), 20 * math.log10(float(found["lavfi.r128.true_peak"]))
