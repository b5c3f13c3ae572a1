"""What the launcher launches: a service, or a worker of one, that records its work and may have a trap at a named
point. Its settings come from the environment, as in production."""

import argparse
import asyncio
import dataclasses
import os
import signal
import threading
from pathlib import Path

from tests.robustness.ledger import Ledger
from tests.robustness.named_points import (
    BEFORE_ACK,
    POINTS,
    TRAPS,
    Trap,
    deliver_twice,
    record_work,
    set_trap,
    set_trap_before_acknowledgement,
)
from tests.robustness.troubled_makers import TROUBLES

from kinescribe_server.app import maker_table, run_service, run_worker
from kinescribe_server.config import Settings
from kinescribe_server.jobs.makers import MakerTable

READY = "launched"
_STANDARD_INPUT = 0


def main() -> None:
    options = _options()
    threading.Thread(target=_end_with_launcher, daemon=True).start()
    ledger = Ledger(options.ledger)
    record_work(ledger)
    if options.point:
        trap = Trap(options.point, options.passage, options.trap, ledger)
        if options.point == BEFORE_ACK:
            set_trap_before_acknowledgement(trap)
        else:
            set_trap(trap)
    if options.twice:
        deliver_twice()
    asyncio.run(_serve(options) if options.role == "service" else _work(options))


def _end_with_launcher() -> None:
    """Standard input closes when whoever launched this has ended, however that was."""
    while os.read(_STANDARD_INPUT, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


async def _serve(options: argparse.Namespace) -> None:
    settings = Settings()
    makers = _makers(settings)
    async with run_service(options.data, options.listen, settings=settings, makers=makers) as service:
        print(READY, flush=True)  # noqa: T201 - whoever launched this waits for it
        await service.serve_until_stopped()


async def _work(options: argparse.Namespace) -> None:
    settings = Settings()
    async with run_worker(options.data, processes=1, settings=settings, makers=_makers(settings)) as worker:
        print(READY, flush=True)  # noqa: T201
        await worker.work_until_stopped()


def _makers(settings: Settings) -> MakerTable:
    table = maker_table(settings)
    return dataclasses.replace(table, visuals={**table.visuals, **{name: (spec,) for name, spec in TROUBLES.items()}})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.launcher")
    parser.add_argument("role", choices=["service", "worker"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--listen", default="127.0.0.1:0")
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--point", choices=POINTS)
    parser.add_argument("--passage", type=int, default=1)
    parser.add_argument("--trap", choices=list(TRAPS), default="kill")
    parser.add_argument("--twice", action="store_true")
    return parser.parse_args()
