"""A stage: workers that do one thing to every item of a source.

Who works is in `_seats`, what is done to one item in `_attempts`. This file does not know the pipeline that a stage
lives in, nor the stages beside it.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import trio

from trio_pipeline._attempts import Attempts, Concluding, Recorder, Returnable, reports_in, was_called_wrongly
from trio_pipeline._defects import explain, name_item
from trio_pipeline._seats import Seat, Seats
from trio_pipeline._stage_counts import Counts, StageStatistics
from trio_pipeline._turns import Turns
from trio_pipeline._usage import CALLED_WRONGLY, IN_A_GROUP, check_workers
from trio_pipeline.channels import Closable, Sink, Source, unread
from trio_pipeline.retry import Done, Failed, Rejected, RetryPolicy, StopPipeline, StopStage

__all__ = ["Stage"]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


class Stage(Generic[ItemT, ResultT]):
    """Workers that do one thing to every item of a source. Made by `Pipeline.start_stage`.

    At most `workers` of them begin work at once. The number can be changed while the stage runs, to 0 and back; after
    it was lowered nothing begins until fewer than that are at work.
    """

    def __init__(
        self,
        name: str,
        handler: Callable[[ItemT], Awaitable[ResultT]],
        *,
        source: Source[ItemT],
        sink: Sink[ResultT] | None,
        workers: int,
        policy: RetryPolicy,
        record: Recorder[ItemT, ResultT] | None,
        random_source: random.Random,
        ordered: bool,
        ahead: int | None,
        stop_pipeline: Callable[[StopPipeline], None],
    ) -> None:
        self.name = name
        self._source = source
        self._returnable = source if isinstance(source, Returnable) else None
        self._concluding = source if isinstance(source, Concluding) else None
        self._sink = sink
        # A stage whose source has come to its end is ending; what its workers hold still gets all of its attempts.
        # One that is stopping, too, lets go of what would have to wait.
        self._ending = trio.Event()
        self._stopping = trio.Event()
        self._ended = trio.Event()
        self._stopped: str | None = None
        self._counts = Counts()
        self._seats = Seats(name, check_workers(name, workers), self._stopping)
        self._attempts = Attempts(
            handler,
            policy=policy,
            record=record,
            random_source=random_source,
            returnable=self._returnable,
            concluding=self._concluding,
            seats=self._seats,
            counts=self._counts,
            stopping=self._stopping,
        )
        self._ahead = ahead
        self._stop_pipeline = stop_pipeline
        self._turns = Turns(self._most_under_way, self._leave_in_turn) if ordered else None

    def owns(self, end: object) -> bool:
        """Whether something is its source or its sink."""
        return end is not None and (end is self._source or end is self._sink)

    @property
    def never_worked(self) -> bool:
        """Whether it could work, if only it had ever been given a worker."""
        return not self._seats.used and not self._seats.limit and not self._seats.closed

    @property
    def workers(self) -> int:
        """How many may work at once."""
        return self._seats.limit

    @workers.setter
    def workers(self, workers: int) -> None:
        self._seats.resize(check_workers(self.name, workers))
        if self._turns is not None:
            # More workers may be further ahead.
            self._turns.look_again()

    @property
    def stopped(self) -> str | None:
        """Why the stage ended, or is ending, before its source did; None if it did not."""
        return self._stopped

    @property
    def ended(self) -> bool:
        """Whether it will do nothing more and has closed its channels."""
        return self._ended.is_set()

    def stop(self, reason: str) -> None:
        """Take up nothing new; what workers hold may end. Stopping again changes nothing."""
        if self._stopping.is_set() or self._ended.is_set():
            return
        self._stopped = reason
        self._stopping.set()
        self._end()

    async def wait_ended(self) -> None:
        """Return when the stage will do nothing more and has closed its channels.

        Cancellation: a checkpoint; the stage goes on.
        """
        await self._ended.wait()

    def statistics(self) -> StageStatistics:
        """What it has done so far."""
        return StageStatistics(
            name=self.name,
            workers=self._seats.limit,
            busy=self._seats.busy,
            done=self._counts.done,
            failed=self._counts.failed,
            rejected=self._counts.rejected,
            put_off=self._counts.put_off,
            left=self._counts.left,
            unread=self._counts.unread,
            held=self._turns.held if self._turns is not None else 0,
            ended=self._ended.is_set(),
            stopped=self._stopped,
        )

    async def run(self) -> None:
        """Work until the source or the stage is ended. Called once, by the pipeline."""
        try:
            with _closing(self._source), _closing(self._sink):
                try:
                    await self._seat_workers()
                finally:
                    self._counts.unread = unread(self._source)
        finally:
            self._ended.set()

    async def _seat_workers(self) -> None:
        async with trio.open_nursery() as nursery:
            self._seats.open(lambda seat: nursery.start_soon(self._work, seat, name=f"{self.name} worker"))
            try:
                await self._ending.wait()
            finally:
                # Also where a defect or a cancellation ends it: between the closing of the nursery and the next step of
                # this task, a resize would start a worker in a nursery that takes none.
                self._seats.close()

    def _end(self) -> None:
        """Take up nothing new."""
        self._ending.set()
        self._seats.close()

    async def _work(self, seat: Seat) -> None:
        """Handle one item after another until the source ends, or until there are enough others."""
        seats = self._seats
        late: list[tuple[ItemT, int | None]] = []
        turn: int | None = None
        try:
            # One scope for a worker's life rather than one for each wait: a scope costs as much as the rest together.
            with seat.scope:
                while not seats.closed and len(seats.taken) <= seats.limit:
                    seat.idle = True
                    try:
                        if self._turns is None:
                            item = await self._source.receive()
                        else:
                            turn, item = await self._turns.receive(self._source.receive)
                    except trio.EndOfChannel:
                        self._end()
                        return
                    if not seat.idle:
                        # It was sent home in the moment between being given the item and waking up.
                        late.append((item, turn))
                        break
                    seat.idle = False
                    await self._handle(item, turn)
            for item, turn in late:
                await self._handle(item, turn)
        except BaseException as error:
            explain(error, f"stage: {self.name}")
            raise
        finally:
            seats.leave(seat)

    async def _handle(self, item: ItemT, turn: int | None) -> None:
        """See one item through, unless there is no room for it."""
        seats = self._seats
        outcome: Done[ResultT] | Failed | Rejected | None = None
        if (seats.busy < seats.limit and not self._stopping.is_set()) or await self._finds_room(item):
            seats.busy += 1
            settled = False
            try:
                came_to = await self._attempts.settle(item)
                settled = True
                if isinstance(came_to, StopStage):
                    self._obey(came_to, item)
                elif came_to is not None:
                    outcome = came_to
                    self._counts.add(outcome)
                    if turn is None:
                        if self._sink is not None and isinstance(outcome, Done):
                            await self._hand_on(self._sink, outcome.result)
                        self._let_go(item, outcome)
            except BaseException as error:
                self._counts.left += not settled
                if was_called_wrongly(error):
                    explain(error, CALLED_WRONGLY)
                if (reports := reports_in(error)) is not None:
                    explain(reports, IN_A_GROUP)
                name_item(error, item)
                raise
            finally:
                seats.busy -= 1
                if seats.waiting:
                    seats.made_room()
        # In order, it holds no place of work while it waits for its turn: who is before it may need that.
        if self._turns is not None and turn is not None:
            await self._turns.finish(turn, item, outcome)

    def _obey(self, order: StopStage, item: ItemT) -> None:
        # Stopped before it is left: an idle worker must not take it up again.
        self.stop(order.reason)
        self._attempts.leave(item)
        if isinstance(order, StopPipeline):
            self._stop_pipeline(order)

    async def _hand_on(self, sink: Sink[ResultT], result: ResultT) -> None:
        try:
            await sink.send(result)
        except trio.BrokenResourceError:
            # Nobody takes results any more. This one is recorded, so the next run hands it on.
            self.stop("the stage that it feeds has ended")

    def _let_go(self, item: ItemT, outcome: Done[ResultT] | Failed | Rejected) -> None:
        """Tell the source of an item that it is through."""
        if self._returnable is not None:
            self._returnable.done(item)
        if self._concluding is not None:
            self._concluding.conclude(item, outcome)

    def _most_under_way(self) -> int:
        """How many items may be received and not let go of yet, where results leave in order."""
        return self._ahead if self._ahead is not None else max(1, 2 * self._seats.limit)

    async def _leave_in_turn(self, item: ItemT, outcome: Done[ResultT] | Failed | Rejected | None) -> None:
        if outcome is None:
            return
        try:
            if self._sink is not None and isinstance(outcome, Done):
                await self._hand_on(self._sink, outcome.result)
            self._let_go(item, outcome)
        except BaseException as error:
            name_item(error, item)
            raise

    async def _finds_room(self, item: ItemT) -> bool:
        """Wait until fewer than the limit are at work; False if the stage stops first and the item was left."""
        seats = self._seats
        try:
            await seats.wait_for_room()
        except BaseException:
            self._counts.left += 1
            raise
        # When the stage stops, what came from a channel is seen through all the same: there is no way back for it.
        if seats.busy < seats.limit and (self._returnable is None or not self._stopping.is_set()):
            return True
        self._attempts.leave(item)
        return False


@contextmanager
def _closing(end: object) -> Iterator[None]:
    # A plain close, not `async with`: aclose() is a checkpoint, which in a cancelled scope hides the error under way.
    try:
        yield
    finally:
        if isinstance(end, Closable):
            end.close()
