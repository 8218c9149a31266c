"""Defects of the kind that is written every day, to be planted into the core: what the simulation is there to find.

Each is a function that patches the real classes. Its name is the defect's, its docstring says what goes wrong.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import trio
from outcome import Error, Value, capture

from trio_pipeline import _stage, nursery
from trio_pipeline._attempts import Attempts, _Tries
from trio_pipeline._db_jobs import Desk, State
from trio_pipeline._db_loop import Server
from trio_pipeline._gate import Gate
from trio_pipeline._line import Line
from trio_pipeline._rate import Breaker, Rate
from trio_pipeline._seats import Seats
from trio_pipeline._turns import Turns
from trio_pipeline.channels import Backlog, Batches, ByteBudget, Reservation
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import Done, Failed, TryAgain
from trio_pipeline.world import Ask

Patch = pytest.MonkeyPatch

PLANTED: dict[str, Callable[[Patch], None]] = {}


def planted(defect: Callable[[Patch], None]) -> Callable[[Patch], None]:
    PLANTED[defect.__name__] = defect
    return defect


@contextmanager
def with_defect(name: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        PLANTED[name](patch)
        yield


# Stages and pipelines


@planted
def record_after_hand_on(patch: Patch) -> None:
    """A result is handed on, and only then recorded."""
    init, hand_on = _stage.Stage.__init__, _stage.Stage._hand_on

    def postponing(self, name, handler, *, sink, record, **options):
        async def postpone(item, outcome, *numbers):
            if sink is not None and isinstance(outcome, Done):
                self.postponed[outcome.result] = (item, outcome, *numbers)
            else:
                await record(item, outcome, *numbers)

        self.postponed, self.real_record = {}, record
        init(self, name, handler, sink=sink, record=record and postpone, **options)

    async def hand_on_and_record(self, sink, result):
        await hand_on(self, sink, result)
        if result in self.postponed:
            await self.real_record(*self.postponed.pop(result))

    patch.setattr(_stage.Stage, "__init__", postponing)
    patch.setattr(_stage.Stage, "_hand_on", hand_on_and_record)


@planted
def swallowed_cancellation(patch: Patch) -> None:
    """A handler that is cancelled counts as one that failed."""
    init = Attempts.__init__

    def swallowing(self, handler, **options):
        async def handle(item):
            try:
                return await handler(item)
            except trio.Cancelled:
                raise TryAgain("cut off") from None

        init(self, handle, **options)

    patch.setattr(Attempts, "__init__", swallowing)


@planted
def unclosed_sink(patch: Patch) -> None:
    """A stage that has ended leaves its sink open."""
    closing = _stage._closing
    patch.setattr(_stage, "_closing", lambda end: closing(None if hasattr(end, "send") else end))


@planted
def drain_drops_an_item(patch: Patch) -> None:
    """What a stage that stops has in hand is left, but not given back."""

    def leave(self, item):
        self._counts.left += 1

    patch.setattr(Attempts, "leave", leave)


@planted
def resize_cuts_off_work(patch: Patch) -> None:
    """When workers are sent home, those at work are cancelled like those that wait."""

    def send_home(self, count):
        for seat in list(self.taken)[: max(0, count)]:
            seat.idle = False
            seat.scope.cancel()
            del self.taken[seat]

    patch.setattr(Seats, "_send_home", send_home)


@planted
def room_wakes_nobody(patch: Patch) -> None:
    """Whoever waits for room after a shrink is not told when there is some."""
    patch.setattr(Seats, "made_room", lambda self: None)


@planted
def one_worker_too_many(patch: Patch) -> None:
    """After a shrink one item more than the limit is tried again."""

    async def step_back(self):
        if self.busy > self.limit + 1:
            await step_back_in_earnest(self)

    step_back_in_earnest = Seats.step_back
    patch.setattr(Seats, "step_back", step_back)


@planted
def attempt_counted_twice(patch: Patch) -> None:
    """An attempt that failed uses up two."""
    patch.setattr(
        _Tries,
        "after",
        lambda self, outcome: _Tries(self.counted + 2, 0) if outcome.counts else _Tries(self.counted, 1),
    )


@planted
def uncounted_attempt_counts(patch: Patch) -> None:
    """A failure that is not the item's fault uses up an attempt."""
    patch.setattr(_Tries, "after", lambda self, outcome: _Tries(self.counted + 1, 0))


@planted
def defect_becomes_failure(patch: Patch) -> None:
    """An exception that nobody classified fails its item and is never heard of again."""
    settle = Attempts.settle

    async def settle_quietly(self, item):
        try:
            return await settle(self, item)
        except LookupError as error:
            return Failed(str(error))
        except Exception as error:  # noqa: BLE001 (which is the defect)
            return Failed(str(error))

    patch.setattr(Attempts, "settle", settle_quietly)


@planted
def grace_is_for_ever(patch: Patch) -> None:
    """The grace of a drain never ends."""

    async def wait(self, grace):
        for stage in self._stages:
            await stage.wait_ended()

    patch.setattr(nursery.Pipeline, "_cancel_after", wait)


@planted
def deadline_never_ends(patch: Patch) -> None:
    """An attempt may take as long as it likes, whatever its deadline."""
    patch.setattr(nursery, "within", lambda seconds, handler: handler)


@planted
def order_of_finishing(patch: Patch) -> None:
    """Where results should leave in order, they leave as they are finished."""

    async def finish(self, turn, item, end):
        self._first += 1
        self._moved.unpark_all()
        await self._leave(item, end)

    patch.setattr(Turns, "finish", finish)


# Channels


@planted
def due_too_early(patch: Patch) -> None:
    """A backlog that holds something delayed hands it out half a second early."""

    def promote(self):
        while self._delayed and self._delayed[0][0] <= trio.current_time() + 0.5:
            _, order, item = heapq.heappop(self._delayed)
            heapq.heappush(self._ready, (self._priority(item), order, item))

    patch.setattr(Backlog, "_promote", promote)


@planted
def priority_forgotten(patch: Patch) -> None:
    """What comes back to a backlog has no priority any more, and goes first."""
    put_back = Backlog.put_back

    def put_back_first(self, item, **options):
        priority, self._priority = self._priority, lambda _: -1_000_000
        put_back(self, item, **options)
        self._priority = priority

    patch.setattr(Backlog, "put_back", put_back_first)


@planted
def wake_up_lost_with_who_was_woken(patch: Patch) -> None:
    """One receiver alone learns of something that is due later; if it leaves, nobody knows."""

    def add(self, item, due):
        if due <= trio.current_time():
            heapq.heappush(self._ready, (self._priority(item), next(self._order), item))
        else:
            heapq.heappush(self._delayed, (due, next(self._order), item))
        self._waiting.unpark()

    patch.setattr(Backlog, "_add", add)


@planted
def end_tells_one_receiver(patch: Patch) -> None:
    """When a backlog is finished, one of those who wait is told."""
    finish = Backlog._finish_if_over

    def finish_quietly(self):
        parked, self._waiting = self._waiting, trio.lowlevel.ParkingLot()
        finish(self)
        self._waiting = parked
        if self._finished:
            parked.unpark()

    patch.setattr(Backlog, "_finish_if_over", finish_quietly)


@planted
def budget_released_twice(patch: Patch) -> None:
    """Releasing a reservation twice gives its bytes back twice."""
    patch.setattr(Reservation, "release", lambda self: self._change(self._size, 0))


@planted
def budget_race(patch: Patch) -> None:
    """Between the look whether bytes fit and the taking of them, another task can look too."""
    reserve = ByteBudget.reserve

    async def look_then_take(self, size):
        if self._waiting or not self.fits(size):
            return await reserve(self, size)
        await trio.lowlevel.checkpoint()
        self._used += size
        return Reservation(size, self._change)

    patch.setattr(ByteBudget, "reserve", look_then_take)


@planted
def grant_lost_to_cancellation(patch: Patch) -> None:
    """Whoever is granted bytes and cancelled in the same instant keeps them for ever."""

    async def reserve(self, size):
        await trio.lowlevel.checkpoint_if_cancelled()
        turn = (size, trio.Event())
        self._waiting.append(turn)
        self._serve()
        try:
            await turn[1].wait()
        except trio.Cancelled:
            if not turn[1].is_set():
                self._waiting.remove(turn)
                self._serve()
            raise
        return Reservation(size, self._change)

    patch.setattr(ByteBudget, "reserve", reserve)


@planted
def last_batch_lost(patch: Patch) -> None:
    """A batch that is not full when the source ends is lost."""
    receive = Batches.receive

    async def receive_full(self):
        batch = await receive(self)
        statistics = self._source._receive.statistics()
        if len(batch) < self._size and not statistics.open_send_channels and not statistics.current_buffer_used:
            raise trio.EndOfChannel
        return batch

    patch.setattr(Batches, "receive", receive_full)


@planted
def batch_lost_to_cancellation(patch: Patch) -> None:
    """What was collected for a batch is lost when the receiver is cancelled."""
    receive = Batches.receive

    async def receive_or_lose(self):
        try:
            return await receive(self)
        except trio.Cancelled:
            self._collected = []
            raise

    patch.setattr(Batches, "receive", receive_or_lose)


# Pacing


@planted
def retry_ignores_pace(patch: Patch) -> None:
    """A repetition under the same permit does not wait for its turn."""
    start = Gate.start

    async def start_at_once(self, ticket):
        if not ticket.running:
            await start(self, ticket)
            return
        await trio.lowlevel.checkpoint()
        self.started += 1
        ticket.begun = trio.current_time()
        self.rate.started(ticket.begun)

    patch.setattr(Gate, "start", start_at_once)


@planted
def retry_after_freezes_rate(patch: Patch) -> None:
    """After a Retry-After no answer moves the rate until ten times that time is over."""
    failed = Gate.failed

    def fail_and_freeze(self, ticket, failure, reason, asked=0.0):
        failed(self, ticket, failure, reason, asked)
        if asked:
            self.rate._last_cut = trio.current_time() + 10 * asked

    patch.setattr(Gate, "failed", fail_and_freeze)


@planted
def place_lost_to_cancellation(patch: Patch) -> None:
    """A request that is cancelled keeps its place among those under way."""
    leave = Gate.leave

    def leave_unless_cancelled(self, ticket):
        if trio.current_effective_deadline() > -float("inf"):
            leave(self, ticket)

    patch.setattr(Gate, "leave", leave_unless_cancelled)


@planted
def breaker_never_closes(patch: Patch) -> None:
    """A probe that succeeds does not close the breaker."""
    succeeded = Breaker.succeeded
    patch.setattr(Breaker, "succeeded", lambda self, *, probe: self.until is None and succeeded(self, probe=probe))


@planted
def new_interval_wakes_nobody(patch: Patch) -> None:
    """Whoever waits for a turn does not hear that the interval has become shorter."""

    def set_interval(self, interval):
        self._gate.rate.own = interval

    patch.setattr(Pacer, "interval", property(lambda self: self._gate.rate.own, set_interval))


@planted
def line_forgets_who_is_next(patch: Patch) -> None:
    """Whoever leaves a line before its turn does not tell who is first then."""

    async def wait(self, due):
        await trio.lowlevel.checkpoint()
        if not self._waiters and due() <= trio.current_time():
            return
        waiter = trio.lowlevel.ParkingLot()
        self._waiters[waiter] = None
        try:
            while (moment := due()) > trio.current_time() or self._first() is not waiter:
                with trio.move_on_at(moment if self._first() is waiter else float("inf")):
                    await waiter.park()
        except trio.Cancelled:
            del self._waiters[waiter]
            raise
        del self._waiters[waiter]
        self.nudge()

    patch.setattr(Line, "wait", wait)


@planted
def rate_never_cut_again(patch: Patch) -> None:
    """Only the first rejection cuts the rate."""
    rejected = Rate.rejected

    def reject_once(self, begun, now):
        if self._left is None:
            rejected(self, begun, now)

    patch.setattr(Rate, "rejected", reject_once)


# The database


@planted
def commit_acknowledged_early(patch: Patch) -> None:
    """The callers of a batch are woken before it is committed."""
    change = Server._change

    def answer_then_commit(self, owner, batch):
        *before, commit = self._plan(batch)
        for step in before if len(batch) > 1 else ():
            yield Ask.STEP
            if isinstance(capture(step), Error):
                self._roll_back()
                before = []
                break
        if not before or len(batch) == 1:
            yield from change(self, owner, batch)
            return
        yield from self._answer(owner, batch, Value(None))
        yield Ask.STEP
        commit()

    patch.setattr(Server, "_change", answer_then_commit)


@planted
def interrupt_hits_next_call(patch: Patch) -> None:
    """An interrupt is sent without looking whether the read that it is meant for is still the current one."""

    def interrupt(self, job):
        if self._connection is not None:
            self._connection.interrupt()
        return job.state is State.CURRENT

    patch.setattr(Desk, "interrupt", interrupt)


@planted
def failure_takes_its_batch_along(patch: Patch) -> None:
    """When one write of a batch fails, all of them are told so."""

    def change(self, owner, batch):
        end = yield from self._transaction(batch)
        yield from self._answer(owner, batch, end)

    patch.setattr(Server, "_change", change)


@planted
def withdrawn_row_is_stored(patch: Patch) -> None:
    """A row whose caller was cancelled while it waited is stored all the same."""
    begin = Desk.begin
    patch.setattr(Desk, "begin", lambda self, job: begin(self, job) or job.state is State.WITHDRAWN)


@planted
def batch_is_run_again_on_top(patch: Patch) -> None:
    """What a failed batch has done so far is committed with the first write that is repeated."""
    patch.setattr(Server, "_roll_back", lambda self: capture(self._connection.commit))


@planted
def two_updates_race(patch: Patch) -> None:
    """Writes of one batch each see what was committed before it, and not each other."""

    def write(self, job):
        if self._desk.begin(job):
            job.result = job.function(self._connection.cursor())

    patch.setattr(Server, "_write", write)
