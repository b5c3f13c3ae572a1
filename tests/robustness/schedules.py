"""What happens in a schedule: jobs, watchers and faults with their moments, all made from a seed.

Moments are counted in events, not in seconds, so a schedule does not depend on how fast the machine is.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.robustness.named_points import AFTER_EVENT, BEFORE_ACK, BEFORE_EVENT, CLAIMED, STORED

# Of every other kind a step is made at its first attempt.
FAILURES = {"flaky": 1, "broken": 3, "poison": 3, "hungry": 3}
_ORDINARY = ("slide", "slide", "formula", "slow")
_TROUBLED = ("flaky", "broken", "poison")
_SIZES = ((320, 320), (640, 360))
_SCALED_LEASE, _LEASE = 2.0, 15.0


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A job of one scene for each kind in `scenes`. `action` is done when the job has so many events; `copies` is how
    many calls with one request_id are made for it at once; `begins` is after how many events of all jobs."""

    scenes: tuple[str, ...]
    width: int = 320
    height: int = 320
    strict: bool = False
    timeout: float | None = None
    action: str = ""
    action_at: int = 0
    copies: int = 1
    begins: int = 0

    @property
    def degraded(self) -> int:
        """How many segments fail for good, whatever happens."""
        return sum(FAILURES.get(scene, 0) >= 3 for scene in self.scenes)

    @property
    def events(self) -> int:
        return 4 + 4 * len(self.scenes)


@dataclass(frozen=True, slots=True)
class WatcherPlan:
    """A watcher of a job: begins when the job has `begins` events, and leaves its stream after each event in `cuts`, to
    resume on another."""

    job: int
    begins: int = 0
    cuts: tuple[int, ...] = ()
    heartbeat: float = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind` names it in faults.FAULTS; it comes `delay` seconds after so many events of all jobs, and lasts
    `seconds`."""

    kind: str
    at: int
    delay: float = 0.0
    seconds: float = 0.0
    chance: float = 0.0


@dataclass(frozen=True, slots=True)
class PointPlan:
    """A named point in a service or worker, at whose n-th passage the process gets its trap."""

    point: str
    passage: int
    trap: str


@dataclass(frozen=True, slots=True)
class Schedule:
    seed: int
    engine: str
    title: str
    jobs: tuple[JobPlan, ...]
    watchers: tuple[WatcherPlan, ...]
    faults: tuple[Fault, ...] = ()
    point: PointPlan | None = None
    own_redis: bool = False
    twice: bool = False
    disk: bool = False
    memory: bool = False
    lease: float = _SCALED_LEASE

    @property
    def needs_proxy(self) -> bool:
        return any(fault.kind in _PROXY_FAULTS for fault in self.faults)

    @property
    def attempts_lost(self) -> int:
        """How many attempts at one step the faults can cost at most."""
        costly = sum(fault.kind in _COSTLY for fault in self.faults)
        return costly + (self.point is not None) + (3 if self.memory else 0)


_COSTLY = {"kill_service", "stop_service", "kill_worker", "kill_child", "stop_child", "kill_embedded"}
_PROXY_FAULTS = {"cut_redis", "hang_redis", "slow_redis"}
_REDIS_FAULTS = (
    "kill_redis",
    "stop_redis",
    "cut_redis",
    "hang_redis",
    "slow_redis",
    "flush_scripts",
    "fill_redis",
    "misconf_redis",
)


def schedule_of(seed: int, engine: str) -> Schedule:
    """The same seed gives the same schedule. Seeds go round the families, so that each fault has its share."""
    families = LOCAL_FAMILIES if engine == "local" else CELERY_FAMILIES
    chance = random.Random(f"{engine} {seed}")
    title, family = families[seed % len(families)]
    jobs = _jobs(chance)
    plain = Schedule(seed, engine, title, jobs, (), own_redis=engine == "celery")
    schedule = family(plain, chance)
    # Ten of two hundred run with the lease that production has.
    lease = _LEASE if seed % 20 == 7 else _SCALED_LEASE
    return replace(schedule, lease=lease, watchers=_watchers(schedule.jobs, chance))


def _jobs(chance: random.Random) -> tuple[JobPlan, ...]:
    jobs: list[JobPlan] = []
    for number in range(chance.choice((1, 1, 2, 3))):
        kinds = [chance.choice(_ORDINARY) for _ in range(chance.randint(1, 3))]
        if chance.random() < 0.3:
            kinds[chance.randrange(len(kinds))] = chance.choice(_TROUBLED)
        width, height = chance.choice(_SIZES)
        job = JobPlan(
            scenes=tuple(kinds),
            width=width,
            height=height,
            strict=chance.random() < 0.1,
            copies=chance.choice((1, 1, 1, 3)),
            begins=chance.randint(0, 6) if number else 0,
        )
        jobs.append(job)
    return tuple(jobs)


def _watchers(jobs: Sequence[JobPlan], chance: random.Random) -> tuple[WatcherPlan, ...]:
    watchers = []
    for number, job in enumerate(jobs):
        watchers.append(WatcherPlan(number))
        watchers.append(WatcherPlan(number, begins=chance.randint(1, job.events)))
        cuts = sorted(chance.sample(range(1, job.events), k=chance.randint(1, 3)))
        watchers.append(WatcherPlan(number, cuts=tuple(cuts), heartbeat=chance.choice((1.0, 2.0))))
    return tuple(watchers)


def _at(schedule: Schedule, chance: random.Random) -> int:
    return chance.randint(1, max(2, sum(job.events for job in schedule.jobs) - 6))


def _fault(kind: str, seconds: float = 0.0) -> Callable[[Schedule, random.Random], Schedule]:
    """Two faults of the kind, or one and another that fits everywhere."""

    def family(schedule: Schedule, chance: random.Random) -> Schedule:
        kinds = [kind, chance.choice((kind, "cut_watchers", "kill_child"))]
        faults = [Fault(each, _at(schedule, chance), chance.random() * 0.3, seconds, chance.random()) for each in kinds]
        faults.sort(key=lambda fault: fault.at)
        return replace(schedule, faults=tuple(faults), own_redis=schedule.own_redis or kind in _REDIS_FAULTS)

    return family


def _point(point: str, trap: str) -> Callable[[Schedule, random.Random], Schedule]:
    def family(schedule: Schedule, chance: random.Random) -> Schedule:
        steps = sum(2 + 3 * len(job.scenes) for job in schedule.jobs)
        # One of two workers passes half of them, or fewer.
        most = steps if schedule.engine == "local" else max(1, steps // 3)
        return replace(schedule, point=PointPlan(point, chance.randint(1, most), trap))

    return family


def _action(action: str) -> Callable[[Schedule, random.Random], Schedule]:
    """At every state of a job: from before its first step to after its end, and often while the slow scene is made."""

    def family(schedule: Schedule, chance: random.Random) -> Schedule:
        jobs = tuple(
            replace(
                job,
                scenes=("slow", *job.scenes[1:]),
                action=action,
                action_at=chance.randint(1, chance.choice((4, job.events))),
            )
            for job in schedule.jobs
        )
        fault = Fault(chance.choice(("kill_service", "kill_child", "cut_watchers")), _at(schedule, chance))
        return replace(schedule, jobs=jobs, faults=(fault,) if chance.random() < 0.5 else ())

    return family


def _deadline(schedule: Schedule, chance: random.Random) -> Schedule:
    jobs = tuple(
        replace(job, timeout=chance.choice((1.0, 2.0, 4.0)), scenes=(*job.scenes, "slow")) for job in schedule.jobs
    )
    return replace(schedule, jobs=jobs)


def _poison(schedule: Schedule, chance: random.Random) -> Schedule:
    """A scene that kills its worker beside a job that must not suffer from it."""
    jobs = (JobPlan(("poison", "slide")), JobPlan(("slide", "slow")), *schedule.jobs[:1])
    return replace(schedule, jobs=jobs)


def _memory(schedule: Schedule, chance: random.Random) -> Schedule:
    return replace(schedule, jobs=(JobPlan(("hungry", "slide")), JobPlan(("slow",))), memory=True)


def _disk(schedule: Schedule, chance: random.Random) -> Schedule:
    kind = chance.choice(("fill_disk_to_floor", "fill_disk"))
    return replace(schedule, disk=True, faults=(Fault(kind, _at(schedule, chance), seconds=1.5),))


def _twice(schedule: Schedule, chance: random.Random) -> Schedule:
    faults = (Fault("kill_service", _at(schedule, chance), chance.random() * 0.3),) if chance.random() < 0.5 else ()
    return replace(schedule, twice=True, faults=faults)


_EVERYWHERE = (
    *(
        (f"{trap} at {point}", _point(point, trap))
        for trap in ("kill", "stop")
        for point in (CLAIMED, STORED, BEFORE_EVENT, AFTER_EVENT)
    ),
    ("kill service", _fault("kill_service")),
    ("end service", _fault("end_service")),
    ("stop service", _fault("stop_service", 3.2)),
    ("kill worker child", _fault("kill_child")),
    ("stop worker child", _fault("stop_child", 3.2)),
    ("deliver twice", _twice),
    ("kill redis", _fault("kill_redis", 0.7)),
    ("stop redis", _fault("stop_redis", 3.0)),
    ("cut redis", _fault("cut_redis")),
    ("hang redis", _fault("hang_redis", 3.0)),
    ("slow redis", _fault("slow_redis", 4.0)),
    ("flush scripts", _fault("flush_scripts")),
    ("fill redis", _fault("fill_redis", 2.0)),
    ("misconf redis", _fault("misconf_redis", 2.0)),
    ("cancel", _action("cancel")),
    ("cancel twice", _action("cancel twice")),
    ("delete", _action("delete")),
    ("deadline", _deadline),
    ("poison", _poison),
    ("memory limit", _memory),
    ("full disk", _disk),
)
LOCAL_FAMILIES = (*_EVERYWHERE, ("kill embedded valkey", _fault("kill_embedded")))
CELERY_FAMILIES = (
    *_EVERYWHERE,
    ("kill at before_ack", _point(BEFORE_ACK, "kill")),
    ("stop at before_ack", _point(BEFORE_ACK, "stop")),
    ("kill worker", _fault("kill_worker")),
    ("end worker", _fault("end_worker")),
    ("stop worker", _fault("stop_worker", 3.2)),
)
