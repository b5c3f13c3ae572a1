"""What a browser makes of it: the film is played while it is being made, and seeked in when it is done."""

import base64
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image
from tests.contract.remote.server import Asked, RemoteServer, Reply
from tests.contract.remote.speech_server import SpeechService
from tests.integration import chromium
from tests.integration.http_calls import ROOT, call, finished, generate

from kinescribe_server.app import Service, run_service
from kinescribe_server.config import Settings

pytestmark = pytest.mark.skipif(chromium.PROGRAM is None, reason="chromium is not installed")

SIZE = 320
TEXT = "\n\n".join(f"# Part {number}\n\nRain falls on part {number}." for number in range(4))

# A player of the plainest kind: it asks for the playlist with the part that it lacks, and hands each part on to the
# browser as it is. What players of HLS add to that (hls.js does the same in browsers) is the choice between qualities.
PLAY = """
document.documentElement.innerHTML = '<body style="margin:0"><video muted></video></body>';
const video = document.querySelector('video'), source = new MediaSource(), ahead = [];
const end = () => video.buffered.length ? video.buffered.end(video.buffered.length - 1) : 0;
window.outcome = new Promise(resolve => {
  video.addEventListener('waiting', () => ahead.push(end() - video.currentTime));
  video.addEventListener('ended', () => resolve({
    ahead, came, time: video.currentTime, error: video.error && video.error.message,
    buffered: [...Array(video.buffered.length).keys()].map(i => [video.buffered.start(i), video.buffered.end(i)]),
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  }));
});
let came = 0, began;
window.began = new Promise(resolve => { began = resolve; });
source.addEventListener('sourceopen', async () => {
  const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.640028,mp4a.40.2"');
  const append = async name => {
    const data = await (await fetch(FOLDER + name)).arrayBuffer();
    const done = new Promise(resolve => buffer.addEventListener('updateend', resolve, {once: true}));
    buffer.appendBuffer(data);
    await done;
  };
  let text = '', parts = 0;
  while (!text.includes('#EXT-X-ENDLIST')) {
    text = await (await fetch(`${FOLDER}film.m3u8?_HLS_msn=${parts}`)).text();
    const names = text.split('\\n').filter(line => line && !line.startsWith('#'));
    if (names.length > parts) came++;
    if (names.length && !parts) await append('init.mp4');
    for (const name of names.slice(parts)) await append(name);
    if (names.length) began();
    parts = names.length;
  }
  source.endOfStream();
});
video.src = URL.createObjectURL(source);
video.playbackRate = 4;  // a test has no time
video.play();
"""

SEEK = """
new Promise(resolve => {
  const video = document.querySelector('video');
  const shown = () => requestAnimationFrame(() => requestAnimationFrame(resolve));
  const seek = () => { video.addEventListener('seeked', shown, {once: true}); video.currentTime = TIME; };
  if (video.readyState < 2) video.addEventListener('loadeddata', seek, {once: true}); else seek();
})
"""


@dataclass
class HeldSpeech:
    """A speech service that keeps a text's narration back until it is let go."""

    held: str
    let_go: Event = field(default_factory=Event)
    service: SpeechService = field(default_factory=SpeechService)

    def __call__(self, asked: Asked) -> Reply:
        if self.held in asked.json["input"]:
            assert self.let_go.wait(30), "nobody has let the narration go"
        return self.service(asked)


async def test_a_growing_playlist_is_played_from_its_first_part_to_its_end(data_folder: Path) -> None:
    # The last narration waits until the player has begun.
    speech = HeldSpeech("part 3")
    with RemoteServer(speech) as voice:
        settings = Settings(speech_base_url=f"{voice.url}/v1", speech_voices="alloy")
        async with run_service(data_folder, http="127.0.0.1:0", settings=settings) as service:
            at = service.http_address
            async with chromium.opened(f"http://{at}/health", SIZE, SIZE) as page:
                job_id = await generate(at, source_text=TEXT)
                await page.run(f"const FOLDER = {json.dumps(f'{ROOT}/hls/{job_id}/')};{PLAY}")
                await page.run("window.began")
                speech.let_go.set()
                outcome = await page.run("window.outcome")
            job = (await call(at, "GET", f"{ROOT}/status/{job_id}")).json
    duration = float(job["video"]["duration"].removesuffix("s"))
    assert outcome["error"] is None
    assert job["warnings"] == []
    assert outcome["came"] > 1
    # One range: every part follows the one before it without a gap.
    assert len(outcome["buffered"]) == 1
    assert outcome["buffered"][0] == pytest.approx([0, duration], abs=0.03)
    assert outcome["time"] == pytest.approx(duration, abs=0.05)
    # It stood still only where all that had come was played.
    assert all(seconds < 0.5 for seconds in outcome["ahead"]), outcome["ahead"]


async def test_a_seek_in_the_film_shows_the_picture_of_that_time(http_service: Service) -> None:
    at = http_service.http_address
    job_id = await generate(at, source_text=TEXT)
    await finished(at, job_id)
    film = await call(at, "GET", f"{ROOT}/files/{job_id}/film.mp4")
    with av.open(io.BytesIO(film.body), "r") as file:
        frames = [_rgb(frame) for frame in file.decode(video=0)]
    async with chromium.opened(f"http://{at}/health", SIZE, SIZE) as page:
        await page.run(
            "document.documentElement.innerHTML = '<body style=\"margin:0\"><video muted></video></body>';"
            f"document.querySelector('video').src = '{ROOT}/files/{job_id}/film.mp4'"
        )
        places = [round(share * (len(frames) - 1)) for share in (0.9, 0.1, 0.5, 0.3, 0.7)]
        for place in places:
            await page.run(SEEK.replace("TIME", str((place + 0.5) / 30)))
            seen = _pixels(await page.screenshot())
            unlike = [float(np.abs(seen - frames[other]).mean()) for other in places]
            assert unlike[places.index(place)] == min(unlike) < 2
    assert len({frames[place].tobytes() for place in places}) > 2


def _rgb(frame: av.VideoFrame) -> NDArray[np.int16]:
    """The picture as browsers convert it."""
    converted = frame.reformat(format="rgb24", src_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.JPEG)
    return converted.to_ndarray().astype(np.int16)


def _pixels(screenshot: str) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(screenshot))).convert("RGB"), np.int16)
