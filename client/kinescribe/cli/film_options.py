"""The options of a film as the command line takes them, checked before anything is started."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kinescribe.cli.brand import Brand
from kinescribe.cli.sound_files import SoundFile

if TYPE_CHECKING:
    from kinescribe.v1.job_pb2 import VideoOptions

# The limits of VideoOptions in protos/kinescribe/v1/job.proto.
_SIDE = range(320, 3841, 2)
_MAX_PIXELS = 3840 * 2160
_FRAME_RATES = (24, 25, 30, 50, 60)
_SPEAKING_RATES = (0.5, 2.0)
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_RETENTION_SECONDS = (60, 365 * 86_400)


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """None and the empty text leave a choice to the text's front matter, kinescribe.toml and the service."""

    voice: str = ""
    theme: str = ""
    language: str = ""
    size: str | None = None
    frame_rate: int | None = None
    speaking_rate: float | None = None
    captions: bool | None = None
    strict: bool = False
    brand: Brand | None = None
    burn_in: bool = False
    motion: bool | None = None
    music: SoundFile | None = None
    writer: str = ""
    retention: str | None = None
    lexicon: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What is wrong, each with what was given and what is allowed."""
        return [f"{name.replace('_', ' ')}: {problem}" for name, problem in self.faults()]

    def faults(self) -> list[tuple[str, str]]:
        """The options that are wrong, and how."""
        found = []
        if self.size is not None:
            found += [("size", problem) for problem in _size_problems(self.size)]
        if self.frame_rate is not None and self.frame_rate not in _FRAME_RATES:
            allowed = ", ".join(map(str, _FRAME_RATES))
            found.append(("frame_rate", f"{self.frame_rate} is not possible; allowed: {allowed}"))
        low, high = _SPEAKING_RATES
        if self.speaking_rate is not None and not low <= self.speaking_rate <= high:
            problem = f"{self.speaking_rate:g} is not possible; allowed: {low:g} to {high:g}"
            found.append(("speaking_rate", problem))
        if self.retention is not None and _seconds(self.retention) is None:
            found.append(
                ("retention", f'"{self.retention}" is not possible; allowed: 1m to 365d, for example 12h or 7d')
            )
        if self.burn_in and self.captions is False:
            found.append(("captions", "they cannot be left out and be in the picture"))
        return found

    def message(self, logo_attachment: str = "", music_attachment: str = "") -> "VideoOptions":
        """The options as the service takes them, with the names under which the brand's logo and the music were
        uploaded. Only for options without problems."""
        from kinescribe.v1 import job_pb2  # noqa: PLC0415 -- not needed for --help

        options = job_pb2.VideoOptions(
            voice=self.voice,
            theme=self.theme,
            language=self.language,
            frame_rate=self.frame_rate or 0,
            speaking_rate=self.speaking_rate or 0.0,
            strict=self.strict,
            brand=self.brand.message(logo_attachment) if self.brand else None,
            music=music_attachment,
            writer=self.writer,
            lexicon=self.lexicon,
        )
        if self.retention is not None:
            options.retention.FromSeconds(_seconds(self.retention) or 0)
        if self.size is not None:
            options.width, options.height = parse_size(self.size) or (0, 0)
        if self.burn_in:
            options.captions = job_pb2.CAPTION_MODE_BURNED_IN
        elif self.captions is not None:
            options.captions = job_pb2.CAPTION_MODE_SIDECAR if self.captions else job_pb2.CAPTION_MODE_OFF
        if self.motion is not None:
            options.motion = job_pb2.MOTION_MODE_SUBTLE if self.motion else job_pb2.MOTION_MODE_NONE
        return options


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """The options of the command, and those of kinescribe.toml, which count where neither the command nor the text's
    front matter says otherwise."""

    command: FilmOptions
    project: FilmOptions = field(default_factory=FilmOptions)
    project_file: Path | None = None


def parse_size(size: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([0-9]{1,5})[x×]([0-9]{1,5})", size.strip().lower())
    return (int(match[1]), int(match[2])) if match else None


def _seconds(retention: str) -> int | None:
    match = re.fullmatch(r"([0-9]{1,6}) ?([mhd])", retention.strip().lower())
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    low, high = _RETENTION_SECONDS
    return seconds if low <= seconds <= high else None


def _size_problems(size: str) -> list[str]:
    sides = parse_size(size)
    if sides is None:
        return [f'"{size}" is not WIDTHxHEIGHT, for example 1920x1080']
    found = [
        f"the {name} {side} is not possible; allowed: even numbers from {_SIDE[0]} to {_SIDE[-1]}"
        for name, side in zip(("width", "height"), sides, strict=True)
        if side not in _SIDE
    ]
    if not found and sides[0] * sides[1] > _MAX_PIXELS:
        found.append(f"{size} has more pixels than 3840x2160, the most that is possible")
    return found
