"""Loudness (EBU R 128) and peaks of sound that is too long to be held: it goes through FFmpeg's filters."""

from collections.abc import Iterable, Iterator

import av
from av.filter import Graph

from kinescribe_server.film.decoding import Samples, audio_frame
from kinescribe_server.film.timing import SOUND_RATE

# The loudness of speech, and the highest sample that it may have: between samples it rises by another 0.5 dB or so, and
# AAC adds as much. What is heard stays below -1 dBTP.
SPEECH_LUFS = -16.0
CEILING_DB = -2.5
# What the meter says where nothing was above its gate.
_SILENCE_LUFS = -70.0
# The meter wants 0.4 s at least; shorter sound is heard once more.
_MEASURED_SAMPLES = SOUND_RATE


def loudness(sound: Iterable[Samples]) -> float | None:
    """The integrated loudness in LUFS of mono sound at 48 kHz; None for silence."""
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=SOUND_RATE, format="fltp", layout="mono"),
        graph.add("ebur128", "metadata=1:framelog=quiet"),
        graph.add("abuffersink"),
    ).configure()
    found = _SILENCE_LUFS
    for frame in _filtered(graph, sound):
        found = float(frame.metadata.get("lavfi.r128.I", found))
    return found if found > _SILENCE_LUFS else None


def leveled(sound: Iterable[Samples], gain_db: float) -> Iterator[Samples]:
    """Sound with a gain, and with its peaks held below the ceiling by a gain that falls 5 ms before they come."""
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=SOUND_RATE, format="fltp", layout="mono"),
        graph.add("volume", f"volume={gain_db:.4f}dB:precision=float"),
        graph.add("alimiter", f"limit={10 ** (CEILING_DB / 20):.6f}:level=0:attack=5:release=50:latency=1"),
        graph.add("aformat", "sample_fmts=fltp:channel_layouts=mono"),
        graph.add("abuffersink"),
    ).configure()
    for frame in _filtered(graph, sound):
        yield frame.to_ndarray()[0]


def _filtered(graph: Graph, sound: Iterable[Samples]) -> Iterator[av.AudioFrame]:
    position = 0
    for samples in sound:
        if not len(samples):  # FFmpeg has no such frames
            continue
        frame = audio_frame(samples)
        frame.pts = position
        position += len(samples)
        graph.push(frame)
        yield from _ready(graph)
    graph.push(None)
    yield from _ready(graph)


def _ready(graph: Graph) -> Iterator[av.AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        if isinstance(frame, av.AudioFrame):
            yield frame
