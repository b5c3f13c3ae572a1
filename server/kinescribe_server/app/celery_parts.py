"""The parts that run steps on Celery. Celery is an extra: it is imported where it is asked for, and named where it is
missing; and a broker that cannot be used is told of at the start."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kinescribe_server.config import Settings
from kinescribe_server.engine.broker import Broker, next_database
from kinescribe_server.engine.protocol import StepEngine
from kinescribe_server.jobs.errors import SettingError
from kinescribe_server.jobs.model import Resource
from kinescribe_server.jobs.steps import StepRunner

if TYPE_CHECKING:
    from kinescribe_server.engine.celery_worker import CeleryWorker


async def celery_engine(settings: Settings, redis_url: str) -> StepEngine:
    """Raises SettingError without Celery or for what is no broker, BrokerUnavailableError if it does not answer."""
    with _extra_named():
        from kinescribe_server.engine.celery_app import celery_app, check_broker  # noqa: PLC0415
        from kinescribe_server.engine.celery_engine import CeleryEngine  # noqa: PLC0415

    broker = _broker(settings, redis_url)
    app = celery_app(broker)
    await asyncio.to_thread(check_broker, app, broker)
    return CeleryEngine(app)


async def celery_worker(
    settings: Settings, redis_url: str, runner: StepRunner, slots: Mapping[Resource, int]
) -> "CeleryWorker":
    """Raises what celery_engine raises."""
    with _extra_named():
        from kinescribe_server.engine.celery_app import celery_app, check_broker  # noqa: PLC0415
        from kinescribe_server.engine.celery_worker import CeleryWorker  # noqa: PLC0415

    broker = _broker(settings, redis_url)
    await asyncio.to_thread(check_broker, celery_app(broker), broker)
    return CeleryWorker(lambda: celery_app(broker), runner, slots)


def _broker(settings: Settings, redis_url: str) -> Broker:
    return Broker(settings.celery_broker_url or next_database(redis_url), settings.celery_sentinel_primary)


@contextmanager
def _extra_named() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise SettingError(
            f"steps on Celery need an extra that is not installed ({error}): pip install 'kinescribe[celery,server]'"
        ) from error
