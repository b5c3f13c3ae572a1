"""Decoders of two families show a film's pictures, those that move and those that rest, to the last bit alike."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import av
import pytest
from PIL import Image, ImageDraw
from tests.unit.film.studio import Studio, tone

from kinescribe_server.film.clip import make_clip
from kinescribe_server.film.maker import make_film
from kinescribe_server.film.protocol import ClipOnTimeline, ComposeRequest, RenderRequest, StatePicture

# A height that is no multiple of 16, as 1080 is none: the pictures are cropped.
SIZE = (640, 360)
FFMPEG, GST = shutil.which("ffmpeg"), shutil.which("gst-launch-1.0")


def has_openh264() -> bool:
    inspect = shutil.which("gst-inspect-1.0")
    found = inspect and all(
        subprocess.run([inspect, part], capture_output=True, check=False).returncode == 0
        for part in ("openh264dec", "qtdemux", "h264parse")
    )
    return bool(found)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A film of clips with and without motion, and how many frames it has."""
    studio = Studio.at(tmp_path_factory.mktemp("film"))
    timeline = []
    for seconds, drawn in ((0.3, False), (0.0, False), (0.3, True)):
        audio = studio.recording(tone(3.0))
        request = RenderRequest(
            pages(studio), "", audio, width=SIZE[0], height=SIZE[1], motion_seconds=seconds, drawn=drawn
        )
        made = make_clip(request, studio.bench)
        timeline.append(ClipOnTimeline(made.files["clip"].sha256, made.details["frames"], 0.25, ""))
    poster = pages(studio)[0].picture
    made = make_film(ComposeRequest(tuple(timeline), "A film", "en", poster, True, *SIZE), studio.bench)
    return studio.path(made, "film.mp4"), sum(clip.frames for clip in timeline)


def pages(studio: Studio) -> tuple[StatePicture, ...]:
    page = Image.new("RGB", SIZE, (245, 248, 255))
    draw = ImageDraw.Draw(page)
    found = []
    for row in range(4):
        draw.rounded_rectangle((40, 30 + 80 * row, 600, 90 + 80 * row), 12, fill=(210, 225, 250), outline=(30, 90, 220))
        draw.text((60, 45 + 80 * row), f"Item {row}: the quick brown fox jumps", fill=(15, 23, 42), font_size=24)
        found.append(StatePicture(studio.picture(page)))
    return tuple(found)


def digest_of(raw: Path, frames: int) -> str:
    assert raw.stat().st_size == frames * SIZE[0] * SIZE[1] * 3 // 2
    return hashlib.sha256(raw.read_bytes()).hexdigest()


def decoded_here(film: Path) -> str:
    digest = hashlib.sha256()
    with av.open(str(film)) as file:
        for frame in file.decode(video=0):
            digest.update(frame.to_ndarray().tobytes())
    return digest.hexdigest()


@pytest.mark.skipif(FFMPEG is None, reason="there is no ffmpeg on this machine")
def test_ffmpeg_decodes_every_frame_without_a_word(film: tuple[Path, int], tmp_path: Path) -> None:
    path, frames = film
    raw = tmp_path / "ffmpeg.yuv"
    command = [str(FFMPEG), "-v", "error", "-xerror", "-i", str(path), "-map", "0:v:0", "-f", "rawvideo", str(raw)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert digest_of(raw, frames) == decoded_here(path)


@pytest.mark.skipif(GST is None or not has_openh264(), reason="there is no OpenH264 for GStreamer on this machine")
def test_openh264_decodes_every_frame_to_the_same_pixels(film: tuple[Path, int], tmp_path: Path) -> None:
    path, frames = film
    raw = tmp_path / "openh264.yuv"
    pipeline = ["filesrc", f"location={path}", "!", "qtdemux", "!", "h264parse", "!", "openh264dec", "!"]
    command = [str(GST), "-q", *pipeline, "filesink", f"location={raw}"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert digest_of(raw, frames) == decoded_here(path)
