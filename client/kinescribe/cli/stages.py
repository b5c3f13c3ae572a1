"""How far a job is, stage by stage, as its messages tell it. Pure; the displays show it."""

from dataclasses import dataclass, replace

from kinescribe.v1 import event_pb2
from kinescribe.v1 import video_service_pb2 as wire


@dataclass(frozen=True, slots=True)
class Stage:
    """A kind of work with so many parts, `done` of which are. `total` is 0 while the number of parts is unknown."""

    name: str
    done: float
    total: int


@dataclass(frozen=True, slots=True)
class Stages:
    """The five stages of a film. `film` is a share, 0 to 1."""

    percent: float = 0.0
    segments: int = 0
    audio: int = 0
    pictures: int = 0
    clips: int = 0
    film: float = 0.0

    def after(self, message: wire.WatchJobResponse) -> "Stages":
        """The stages with what a message adds."""
        gauge = message.gauge
        if gauge.step == event_pb2.STEP_KIND_COMPOSE:
            return replace(self, film=max(self.film, gauge.percent / 100))
        if message.WhichOneof("message") != "event":
            return self
        progress = message.event.progress
        return Stages(
            percent=max(self.percent, progress.percent),
            segments=progress.segments,
            audio=progress.audio_ready,
            pictures=progress.visual_ready,
            clips=progress.rendered,
            film=1.0 if message.event.HasField("video_ready") else self.film,
        )

    def listed(self) -> tuple[Stage, ...]:
        return (
            Stage("script", 1 if self.segments else 0, 1),
            Stage("audio", self.audio, self.segments),
            Stage("pictures", self.pictures, self.segments),
            Stage("clips", self.clips, self.segments),
            Stage("film", self.film, 1),
        )
