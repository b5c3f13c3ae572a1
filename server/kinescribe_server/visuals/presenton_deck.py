"""One deck for all slides of a job, whichever worker comes first: ordered once, waited for, fetched, drawn.

A worker that dies leaves the deck's record to the next, who goes on with the same task: a deck costs minutes and money,
and Presenton has no key by which it would know an order that it gets twice.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from kinescribe_server.artifacts.protocol import StoredFile
from kinescribe_server.engine.protocol import Bench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.visuals.presenton_pages import PageSize, check_installed, render_pages
from kinescribe_server.visuals.presenton_record import DeckRecords, Record
from kinescribe_server.visuals.presenton_service import DeckOrder, PresentonService, Task

# A lost order is looked for, and given again only if it is not there; a third time it is not worth it.
_MOST_ORDERS = 2
# The other slides of the job need not find out for themselves; a later job may try again.
_FAILURE_KEPT_SECONDS = 300.0
_LOST_ANSWER = frozenset({"REMOTE_TIMEOUT", "REMOTE_UNAVAILABLE"})
_OUTAGE = _LOST_ANSWER | {"REMOTE_CIRCUIT_OPEN", "REMOTE_RATE_LIMITED"}


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a deck is waited for, in seconds. A page takes a language model 5 to 20 s, an export up to 300 s."""

    first_poll: float = 1.0
    longest_poll: float = 10.0
    start: float = 60.0
    per_slide: float = 25.0
    most: float = 900.0
    outage: float = 60.0
    """How long a Presenton that was there may be away."""
    arrival: float = 5.0
    """How long an order whose answer was lost may take to appear in the list of tasks."""
    drawing: float = 120.0
    """How much longer the other slides of the job wait, until the deck is fetched and drawn as well."""

    def limit(self, slides: int) -> float:
        return min(self.most, self.start + self.per_slide * slides)


@dataclass(frozen=True, slots=True)
class Deck:
    """A deck that is made, or was."""

    order: DeckOrder
    records: DeckRecords
    connect: Callable[[], PresentonService]
    bench: Bench
    pace: Pace = field(default_factory=Pace)

    @property
    def limit(self) -> float:
        return self.pace.limit(len(self.order.slides))

    def page(self, number: int, size: PageSize) -> StoredFile:
        """One of its pages (from 0) as PNG. The deck is made by this worker or by another one. Raises MakeError."""
        if finished := self._finished(self.records.read(), number, size):
            return finished
        with self.records.locked(self.limit + self.pace.drawing):
            record = self.records.read()
            if finished := self._finished(record, number, size):
                return finished
            if record is None or self._is_over(record):
                self.records.tidy()
                record = Record()
            if record.failure:
                raise MakeError(*record.failure)
            return self._make(record, size)[number]

    def _make(self, record: Record, size: PageSize) -> tuple[StoredFile, ...]:
        check_installed()
        try:
            if not record.pdf:
                with self.connect() as service:
                    record = _Making(self, service, time.monotonic() + self.limit).fetched(record)
            drawn = render_pages(self.bench.artifacts.read(record.pdf), len(self.order.slides), size)
        except MakeError as error:
            # What was never ordered costs the next slide little to find out, and may be mended by then.
            if (latest := self.records.read() or record).orders:
                self.records.write(replace(latest, failure=(error.reason, error.message), failed_at=time.time()))
            raise
        pages = tuple(self.bench.artifacts.put_bytes(picture, "image/png") for picture in drawn)
        self.records.write(replace(record, pages={**record.pages, size.name: pages}))
        return pages

    def _is_over(self, record: Record) -> bool:
        """Whether a record says nothing any more: its deck failed a while ago, or is no longer stored."""
        if record.failure:
            return not 0 <= time.time() - record.failed_at <= _FAILURE_KEPT_SECONDS
        return bool(record.pdf) and not self.bench.artifacts.touch(record.pdf)

    def _finished(self, record: Record | None, number: int, size: PageSize) -> StoredFile | None:
        """The page, if it is drawn and stored; it is then in use, and so is the deck that the others are drawn from."""
        if record is None or size.name not in record.pages:
            return None
        page = record.pages[size.name][number]
        self.bench.artifacts.touch(record.pdf)
        return page if self.bench.artifacts.touch(page.sha256) else None


@dataclass(frozen=True, slots=True)
class _Making:
    """The way of a deck from its order to its file, which ends at `end`. Each step is written down before and after."""

    deck: Deck
    service: PresentonService
    end: float

    def fetched(self, record: Record) -> Record:
        """The record of a deck whose PDF is stored."""
        while True:
            record = self._ordered(record)
            try:
                task = self._waited_for(record)
                break
            except MakeError as error:
                # A Presenton that was started again may have forgotten its tasks: this one is surely not being made.
                if error.reason != "REMOTE_NOT_FOUND" or record.orders >= _MOST_ORDERS:
                    raise
                record = self.deck.records.write(replace(record, task="", known=None))
                record = self._order(record)
        if not task.path:
            raise MakeError("REMOTE_BAD_REPLY", "Presenton made the deck and does not say where it is")
        pdf = self.deck.bench.artifacts.put_bytes(self.service.fetch(task.path), "application/pdf")
        return self.deck.records.write(replace(record, pdf=pdf.sha256))

    def _ordered(self, record: Record) -> Record:
        """The record of a deck whose task is known."""
        if record.task:
            return record
        if record.orders:  # by a worker that died before it could write down its task
            lost = MakeError("REMOTE_TIMEOUT", "the answer to the order of a deck was lost")
            return self._found_or_ordered_again(record, lost)
        return self._order(record)

    def _order(self, record: Record) -> Record:
        tasks = self.service.tasks()
        known = None if tasks is None else tuple(task.id for task in tasks)
        before = record
        record = self.deck.records.write(replace(record, orders=record.orders + 1, known=known))
        try:
            task = self.service.order(self.deck.order)
        except MakeError as error:
            if error.reason not in _LOST_ANSWER:
                self.deck.records.write(before)
                raise
            return self._found_or_ordered_again(record, error)
        return self.deck.records.write(replace(record, task=task.id))

    def _found_or_ordered_again(self, record: Record, lost: MakeError) -> Record:
        task_id = self._look_for(record, lost)
        if task_id:
            return self.deck.records.write(replace(record, task=task_id))
        if record.orders >= _MOST_ORDERS:
            raise lost
        return self._order(record)

    def _look_for(self, record: Record, lost: MakeError) -> str:
        """The task of an order whose answer was lost; "" if there surely is none."""
        if record.known is None:
            raise _cannot_tell(lost)
        arrival = time.monotonic() + self.deck.pace.arrival
        for _ in self._polls():
            tasks = self.service.tasks()
            if tasks is None:
                raise _cannot_tell(lost)
            slides = {None, len(self.deck.order.slides)}
            new = [task for task in tasks if task.id not in record.known and task.slides in slides]
            marked = {task.id: self._is_ours(task) for task in new if task.state != "pending"}
            ours = [task_id for task_id, is_ours in marked.items() if is_ours]
            if ours:
                return ours[0]
            if len(marked) == len(new) and time.monotonic() >= arrival:
                if None in marked.values():
                    raise _cannot_tell(lost)
                return ""
        raise _cannot_tell(lost)

    def _is_ours(self, task: Task) -> bool | None:
        return self.service.has_mark(task, self.deck.order.mark)

    def _waited_for(self, record: Record) -> Task:
        """The task when it is done."""
        count = len(self.deck.order.slides)
        task, answered = None, time.monotonic()
        for _ in self._polls():
            try:
                task, answered = self.service.task(record.task), time.monotonic()
            except MakeError as error:
                if error.reason not in _OUTAGE or time.monotonic() - answered > self.deck.pace.outage:
                    raise
                continue
            if task.state == "done":
                return task
            if task.state == "failed":
                reason = task.reason or "it says no reason"
                raise MakeError("DECK_FAILED", f"Presenton could not make the deck: {reason}")
            self.deck.bench.report(100.0 * min(task.made, count) / (count + 1))
        made = f"{task.made} of {count} slides were made" if task else "it did not answer"
        raise MakeError("REMOTE_TIMEOUT", f"Presenton did not finish the deck in {self.deck.limit:.0f} s; {made}")

    def _polls(self) -> Iterator[None]:
        """Comes back as often as Presenton is to be asked, until the deck's time is over."""
        wait = self.deck.pace.first_poll
        while True:
            yield
            if time.monotonic() + wait >= self.end:
                return
            time.sleep(wait * random.uniform(0.8, 1.0))  # noqa: S311 - several decks are not asked for in step
            wait = min(self.deck.pace.longest_poll, wait * 1.5)


def _cannot_tell(lost: MakeError) -> MakeError:
    message = f"{lost.message}; whether the deck is being made cannot be found out, and it is not ordered twice"
    return MakeError(lost.reason, message)
