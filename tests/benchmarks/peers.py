"""Other ways to make the same film: MoviePy, and the ffmpeg command line.

They get Kinescribe's pictures and speech for nothing, and only make the film: each scene's pictures one after the
other, for equal times, at 30 frames a second, with the encoders' defaults where users leave them alone.
"""

import hashlib
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import platformdirs
from tests.benchmarks.processes import Cost, cost_of_command
from tests.benchmarks.service import Rendering, WarmService

FRAME_RATE = 30
_HERE = Path(__file__).parent
_REQUIREMENTS = _HERE / "requirements-moviepy.txt"
_INSTALL_SECONDS = 300
# Joining what was encoded scene by scene moves the ends of sound and picture apart a little at every join.
_DRIFT_SECONDS_PER_SCENE = 0.05


@dataclass(frozen=True, slots=True)
class PeerScene:
    """Paths of PNGs and of a WAV ("" for none), and how long the scene lasts."""

    pictures: Sequence[str]
    audio: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Peers:
    """The Python that has MoviePy, and the ffmpeg that came with it."""

    python: Path
    ffmpeg: Path

    def moviepy(self, scenes: Sequence[PeerScene], folder: Path) -> Cost:
        film, plan = folder / "moviepy.mp4", folder / "plan.json"
        plan.write_text(json.dumps({"scenes": list(map(asdict, scenes)), "film": str(film), "frame_rate": FRAME_RATE}))
        cost = cost_of_command([str(self.python), str(_HERE / "moviepy_film.py"), str(plan)], folder / "moviepy.log")
        check_film(film, scenes)
        return cost

    def command_line(self, scenes: Sequence[PeerScene], folder: Path) -> Cost:
        film, script = folder / "ffmpeg.mp4", folder / "ffmpeg.sh"
        script.write_text(shell_script(str(self.ffmpeg), scenes, folder, film))
        cost = cost_of_command(["sh", str(script)], folder / "ffmpeg.log")
        check_film(film, scenes)
        return cost


def find_peers() -> Peers:
    """Installs MoviePy in a virtual environment below the user's cache folder, unless it is there already.

    Raises OSError or subprocess.SubprocessError if that fails.
    """
    name = f"moviepy-{hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    folder = platformdirs.user_cache_path("kinescribe-benchmarks") / name
    python, ffmpeg = folder / "bin" / "python", folder / "ffmpeg"
    if not ffmpeg.is_file():  # written last, so a broken installation is begun again
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "-q", "-r", str(_REQUIREMENTS))
        found = _run(str(python), "-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
        ffmpeg.symlink_to(found.strip())
    return Peers(python, ffmpeg)


def _run(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS)
    return finished.stdout


async def scenes_of(rendering: Rendering, service: WarmService, folder: Path) -> list[PeerScene]:
    """The pictures and the speech of a job, downloaded."""

    async def fetched(name: str) -> str:
        path = folder / name
        await service.client.download(rendering.job_id, name, path)
        return str(path)

    scenes = []
    for segment, (_, seconds) in sorted(rendering.clips.items()):
        pictures = [await fetched(name) for name in rendering.pictures[segment]]
        speech = rendering.speech.get(segment)
        scenes.append(PeerScene(pictures, await fetched(speech[0]) if speech else "", seconds))
    return scenes


def shell_script(ffmpeg: str, scenes: Sequence[PeerScene], folder: Path, film: Path) -> str:
    """A file for each scene, and a list by which the files are joined without encoding them again."""
    names = [f"scene{index}.mp4" for index in range(len(scenes))]
    (folder / "list.txt").write_text("".join(f"file '{name}'\n" for name in names))
    lines = [_encode(ffmpeg, scene, folder / name) for scene, name in zip(scenes, names, strict=True)]
    lines.append([ffmpeg, "-y", "-f", "concat", "-i", str(folder / "list.txt"), "-c", "copy", str(film)])
    return "set -e\n" + "".join(f"{shlex.join(line)}\n" for line in lines)


def _encode(ffmpeg: str, scene: PeerScene, to: Path) -> list[str]:
    count = len(scene.pictures)
    line = [ffmpeg, "-y"]
    for picture in scene.pictures:
        seconds = f"{scene.seconds / count:.6f}"
        line += ["-loop", "1", "-framerate", str(FRAME_RATE), "-t", seconds, "-i", picture]
    line += ["-i", scene.audio] if scene.audio else ["-f", "lavfi", "-i", "anullsrc=r=24000:cl=mono"]
    line += ["-filter_complex", f"concat=n={count}:v=1:a=0[v]", "-map", "[v]", "-map", f"{count}:a", "-af", "apad"]
    line += ["-c:v", "libx264", "-tune", "stillimage", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    return [*line, "-t", f"{scene.seconds:.6f}", str(to)]


def check_film(film: Path, scenes: Sequence[PeerScene]) -> None:
    """Raises ValueError for a film that is not the one that was asked for, and so cannot be compared."""
    with av.open(str(film)) as file:
        picture, sound = file.streams.video[0], file.streams.audio[0]
        frames = sum(packet.pts is not None for packet in file.demux(picture))
        lengths = [frames / FRAME_RATE, float((sound.duration or 0) * (sound.time_base or 0))]
    wanted = sum(scene.seconds for scene in scenes)
    if any(abs(length - wanted) > _DRIFT_SECONDS_PER_SCENE * len(scenes) + 0.5 for length in lengths):
        raise ValueError(f"{film.name}: pictures and sound last {lengths} s of {wanted:g} s")
