"""hibari's acoustic model: phonemes -> samples, and when each phoneme is heard."""

import json
from collections.abc import Mapping
from pathlib import Path

import hibari
import numpy as np
import onnxruntime as ort
from hibari import dsp
from hibari.voices import voice_path
from numpy.typing import NDArray

SAMPLE_RATE: int = dsp.SR
# The model computes how long each phoneme lasts, in units of 25 ms, but does not give it out. The tensor's name belongs
# to hibari-tts 0.2.1, which is pinned; `say` checks that the durations add up to the audio.
_DURATIONS = b"/Cast_32_output_0"
_UNIT_SAMPLES = 600
# The noise in consonants and breath is random; with a seed the same text gives the same samples.
_SEED = 0

Samples = NDArray[np.float32]


def _numbers() -> Mapping[str, int]:
    numbers: Mapping[str, int] = json.loads((Path(hibari.__file__).parent / "assets" / "vocab.json").read_text("utf-8"))
    return numbers


# The phonemes that the model knows, one sign each (misaki's alphabet), and its numbers for them.
PHONEMES = _numbers()


class HibariModel:
    """The model of one voice. One thread: many processes share the machine."""

    def __init__(self, voice: str) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Every text has its own length, and the arena would keep memory for all of them.
        options.enable_cpu_mem_arena = False
        model = _with_output(Path(voice_path(voice)).read_bytes(), _DURATIONS)
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def say(self, phonemes: str, rate: float) -> tuple[Samples, NDArray[np.int64]]:
        """Samples for phonemes, and n + 1 edges in samples for n phonemes: the i-th lasts from edges[i] to edges[i+1].

        Raises RuntimeError if the durations are not those of the audio.
        """
        ids = [0, *(PHONEMES[sign] for sign in phonemes), 0]
        inputs = {"ids": np.array([ids], np.int64), "speed": np.array([rate], np.float32)}
        *spectrum, durations = self._session.run(None, inputs)
        samples: Samples = dsp.synth(*(part[0] for part in spectrum), np.random.default_rng(_SEED))
        edges = np.cumsum(durations.ravel()) * _UNIT_SAMPLES
        if len(edges) != len(phonemes) + 2 or edges[-1] != len(samples):
            raise RuntimeError(f"hibari gave {len(samples)} samples and durations for {edges[-1]}")
        return samples, edges[:-1]


def _with_output(model: bytes, name: bytes) -> bytes:
    """A model that also gives out the named tensor. Serialized messages that are concatenated are merged (protobuf,
    "Encoding"), so ModelProto{graph{output{name}}} is appended; names are shorter than 112 bytes, one for a length."""
    value_info = b"\x0a" + bytes([len(name)]) + name
    graph = b"\x62" + bytes([len(value_info)]) + value_info
    return model + b"\x3a" + bytes([len(graph)]) + graph
