"""Celery as a transport. The truth about a step is in the state store, so the broker redelivers nothing by itself:
claims drop what comes twice, and leases bring back what is lost."""

import logging
import time

from celery import Celery
from kombu.entity import Queue

from kinescribe_server.engine.broker import Broker, BrokerUnavailableError
from kinescribe_server.jobs.model import Resource

RUN_STEP = "kinescribe.run_step"

# A message that a worker took with it comes back after a day, to be dropped at its claim: by then a lease has long
# mended the loss. Anything shorter than a step would run steps twice at a time.
_VISIBILITY_SECONDS = 86_400
# A broker that hangs must not hold a thread for ever: without a limit, kombu waits without one.
_SOCKET_SECONDS = 2.0
# A connection that was cut without a word is noticed after about twice this time.
_ALIVE_SECONDS = 10
# A broker that starts together with us gets so long; as long as a command to the state store is tried.
_START_SECONDS = 5.0
_START_PAUSE_SECONDS = 0.25


def celery_app(broker: Broker) -> Celery:
    _join_our_logs()
    app = Celery("kinescribe", set_as_current=False)
    app.conf.update(
        # Not broker_url, for which Celery takes CELERY_BROKER_URL from the environment, as it stands there.
        broker_read_url=broker.bare_url,
        broker_write_url=broker.bare_url,
        broker_use_ssl=broker.tls,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a worker outlives any absence of its broker
        broker_connection_timeout=_SOCKET_SECONDS,
        broker_heartbeat=_ALIVE_SECONDS,
        broker_transport_options=_transport_options(broker),
        result_backend=None,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
        task_queues=[Queue(queue_name(resource), durable=True) for resource in Resource],
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        # Leases, not the broker, know what is in hand; fewer messages after a reconnection would only idle processes.
        worker_enable_prefetch_count_reduction=False,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    return app


def queue_name(resource: Resource) -> str:
    return f"kinescribe.{resource}"


def check_broker(app: Celery, broker: Broker) -> None:
    """Returns when the broker answers. Raises BrokerUnavailableError if it does not within a few seconds; blocks."""
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with app.connection_for_write() as connection:
                connection.connect()
                connection.default_channel.close()
                return
        except Exception as error:  # kombu has no common type for what brokers do
            if time.monotonic() >= until:
                raise BrokerUnavailableError(f"the broker at {broker.address}: {_in_words(error)}") from error
        time.sleep(_START_PAUSE_SECONDS)


def _in_words(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _transport_options(broker: Broker) -> dict[str, object]:
    if broker.url.startswith("amqp"):
        return {"read_timeout": _SOCKET_SECONDS, "write_timeout": _SOCKET_SECONDS, "confirm_publish": True}
    options: dict[str, object] = {
        "visibility_timeout": _VISIBILITY_SECONDS,
        "socket_timeout": _SOCKET_SECONDS,
        "socket_connect_timeout": _SOCKET_SECONDS,
        "health_check_interval": _ALIVE_SECONDS,
        "global_keyprefix": "kinescribe:",
    }
    if broker.sentinel_primary:
        # One sentinel that is away is no reason to wait: the next is asked.
        asking = {"socket_timeout": _SOCKET_SECONDS, "socket_connect_timeout": _SOCKET_SECONDS}
        options["sentinel_kwargs"] = {**asking, "retry": None}
        options["master_name"] = broker.sentinel_primary
    return options


def _join_our_logs() -> None:
    """What Celery has to say joins what we say."""
    ours = logging.getLogger("kinescribe_server")
    for name in ("celery", "kombu"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = ours.handlers, False
        logger.setLevel(logging.WARNING)
