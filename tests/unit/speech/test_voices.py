"""The catalogue of voices."""

import subprocess
import sys

import pytest

from kinescribe_server.speech.catalog import VOICES


def test_the_default_voice_speaks_english() -> None:
    assert (VOICES[0].name, VOICES[0].languages, VOICES[0].engine) == ("heart", ("en",), "hibari")


@pytest.mark.parametrize("module", ["catalog", "silence", "protocol"])
def test_listing_voices_and_making_silence_load_no_engine(module: str) -> None:
    heavy = "{'numpy', 'hibari', 'onnxruntime', 'av'}"
    code = f"import sys, kinescribe_server.speech.{module}; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
