"""Slides by a Presenton on loopback."""

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageColor
from tests.contract.remote.presenton_server import GROUNDS, Presenton

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Bullet, BulletList, Paragraph, Slide
from kinescribe_server.visuals.presenton import make_slide_with_presenton
from kinescribe_server.visuals.presenton_deck import Pace
from kinescribe_server.visuals.protocol import VisualRequest

QUICK = Pace(first_poll=0.02, longest_poll=0.1, start=3.0, per_slide=0.1, most=6.0, outage=1.0, arrival=0.2)
DECK = (
    Slide("What is #1?", "A start", (Paragraph("One paragraph."),)),
    Slide("Second: 50 % of it", "", (BulletList((Bullet("First"), Bullet("Second"))),)),
    Slide("The end", layout="closing"),
)
# What a task says where a language model gave nothing (presenton#384).
NO_CONTENT = (400, "LLM did not return any content")


def request(page: int = 0, deck: tuple[Slide, ...] = DECK, width: int = 640, height: int = 360) -> VisualRequest:
    return VisualRequest(deck[page], "light", width, height, "de-AT", deck=deck, page=page)


def make(server: Presenton, wanted: VisualRequest, bench: WorkerBench, auth: str = "none", pace: Pace = QUICK) -> Made:
    api = "cloud" if server.cloud else "self-hosted"
    return make_slide_with_presenton(wanted, bench, base_url=server.url, api=api, auth=auth, pace=pace)


def refusal(server: Presenton, bench: WorkerBench, pace: Pace = QUICK, page: int = 0) -> MakeError:
    with pytest.raises(MakeError) as refused:
        make(server, request(page), bench, pace=pace)
    assert not refused.value.retryable
    return refused.value


def pixels(made: Made, bench: WorkerBench) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = Pillow.open(io.BytesIO(bench.artifacts.read(made.files["state-00"].sha256)))
    assert picture.mode == "RGB"
    return np.asarray(picture)


def ground(number: int) -> list[int]:
    return list(ImageColor.getrgb(GROUNDS[number])[:3])


def wait_for(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
