"""A way that divides: every item goes to all branches, and comes together again when all are through with it.

This file does not know what the items are or who works on them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import trio

from trio_pipeline.retry import Done, Outcome

__all__ = ["Branch", "BranchStatistics", "FanOut", "FanOutStatistics", "Join", "Joined"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Joined(Generic[T]):
    """An item that all branches are through with.

    Attributes:
        item: The item.
        outcomes: What it came to in each branch, in their order; None where it was let go without outcome: the branch
            was closed, or its stage was drained or stopped.
    """

    item: T
    outcomes: tuple[Outcome[Any] | None, ...]

    @property
    def done(self) -> bool:
        """Whether it succeeded in all branches."""
        return all(isinstance(outcome, Done) for outcome in self.outcomes)

    @property
    def results(self) -> tuple[Any, ...]:
        """What each branch returned; None where it did not."""
        return tuple(outcome.result if isinstance(outcome, Done) else None for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class BranchStatistics:
    """How one branch of a `FanOut` stands. What was sent is in one of the first four figures.

    Attributes:
        waiting: Items that nobody has received yet.
        taken: Items that were received and are not concluded.
        concluded: Items with an outcome.
        left: Items let go without one.
        closed: Whether it takes nothing more.
    """

    waiting: int
    taken: int
    concluded: int
    left: int
    closed: bool


@dataclass(frozen=True, slots=True)
class FanOutStatistics:
    """How a `FanOut` stands. What was sent is in flight, finished or dropped.

    Attributes:
        sent: Items sent so far.
        in_flight: Those that some branch is not through with, or that wait in the `Join`; never more than the capacity.
        finished: Those that all branches are through with; where there is a `Join`, those received from it.
        dropped: Those that nobody receives from the `Join`, since it was closed.
        closed: Whether no more will be sent.
        branches: Each branch, in order.
    """

    sent: int
    in_flight: int
    finished: int
    dropped: int
    closed: bool
    branches: tuple[BranchStatistics, ...]


@dataclass(slots=True, eq=False)
class _Entry(Generic[T]):
    """An item on its way through the branches."""

    item: T
    outcomes: list[Outcome[Any] | None]
    missing: int = field(init=False)

    def __post_init__(self) -> None:
        self.missing = len(self.outcomes)


class FanOut(Generic[T]):
    """A sink that sends every item to all of its `branches`, each of which is a source.

        fan_out = FanOut(2, capacity=20)
        pipeline.start_stage("download", download, source=backlog, sink=fan_out)
        pipeline.start_stage("archive", archive, source=fan_out.branches[0])
        pipeline.start_stage("extract", extract, source=fan_out.branches[1])
        pipeline.start_stage("sweep", sweep, source=fan_out.join())

    An item enters all branches at once, or none of them when `send` is cancelled. At most `capacity` items are in
    flight: sent, and not yet concluded in every branch and, where there is a `Join`, received from it. The bound is at
    the entrance alone, so that no branch ever waits for another one; one may run ahead of another by as much.

    A branch that is closed lets go of what it holds, and what is sent from then on passes it by. When all branches
    are closed, or the `Join` is, nobody needs more items, and `send` says so.

    Args:
        branches: How many branches there are, at least 1.
        capacity: How many items may be in flight, at least 1.

    Raises:
        ValueError: There would be no branch, or no room.
    """

    def __init__(self, branches: int, *, capacity: int) -> None:
        if branches < 1 or capacity < 1:
            raise ValueError(f"a fan-out needs a branch and room for one item, not {branches} and {capacity}")
        self.branches: tuple[Branch[T], ...] = tuple(Branch(self, place) for place in range(branches))
        self._capacity = capacity
        self._join: Join[T] | None = None
        self._room = trio.lowlevel.ParkingLot()
        self._closed = False
        self._sent = 0
        self._in_flight = 0
        self._finished = 0
        self._dropped = 0

    def join(self) -> Join[T]:
        """Where the items come together again; a source that has to be received from, or the way in is blocked.

        Raises:
            RuntimeError: Something was sent already, which it would miss.
        """
        if self._join is None:
            if self._sent:
                raise RuntimeError("ask for the join of a fan-out before something is sent into it")
            self._join = Join(self)
        return self._join

    async def send(self, item: T, /) -> None:
        """Send an item to all branches, waiting for room.

        Raises:
            trio.ClosedResourceError: It was closed.
            trio.BrokenResourceError: All branches are closed, or the join is.

        Cancellation: a checkpoint; all branches get the item or none.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check_open()
        while self._in_flight >= self._capacity:
            await self._room.park()
            self._check_open()
        self._sent += 1
        self._in_flight += 1
        entry = _Entry(item, [None] * len(self.branches))
        for branch in self.branches:
            branch._offer(entry)  # noqa: SLF001 - the parts of one thing
        await trio.lowlevel.cancel_shielded_checkpoint()

    def close(self) -> None:
        """Say that no more will come: the branches end when what is in flight has gone through; twice is fine."""
        self._closed = True
        self._wake_all()

    def statistics(self) -> FanOutStatistics:
        """How it stands now."""
        return FanOutStatistics(
            sent=self._sent,
            in_flight=self._in_flight,
            finished=self._finished,
            dropped=self._dropped,
            closed=self._closed,
            branches=tuple(branch.statistics() for branch in self.branches),
        )

    @property
    def _broken(self) -> bool:
        gone = self._join is not None and self._join._closed  # noqa: SLF001
        return gone or all(branch._closed for branch in self.branches)  # noqa: SLF001

    def _check_open(self) -> None:
        if self._closed:
            raise trio.ClosedResourceError("this fan-out was closed")
        if self._broken:
            raise trio.BrokenResourceError("nobody receives from this fan-out any more")

    def _concluded(self, entry: _Entry[T]) -> None:
        """One more branch is through with an item."""
        entry.missing -= 1
        if entry.missing:
            return
        if self._join is None:
            self._over(finished=1)
        else:
            self._join._offer(Joined(entry.item, tuple(entry.outcomes)))  # noqa: SLF001

    def _over(self, *, finished: int = 0, dropped: int = 0) -> None:
        """So many items are in flight no more."""
        self._finished += finished
        self._dropped += dropped
        self._in_flight -= finished + dropped
        self._room.unpark(count=max(1, finished + dropped))
        if self._closed and not self._in_flight:
            self._wake_all()

    def _wake_all(self) -> None:
        """Have everybody who waits look again."""
        self._room.unpark_all()
        for branch in self.branches:
            branch._arrived.unpark_all()  # noqa: SLF001
        if self._join is not None:
            self._join._arrived.unpark_all()  # noqa: SLF001


class _Outlet(Generic[T]):
    """Where things wait to be received: what a branch and a join have in common."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._waiting: deque[T] = deque()
        self._arrived = trio.lowlevel.ParkingLot()
        self._closed = False

    async def _wait(self, has_ended: Callable[[], bool]) -> None:
        """Return when something waits. Cancellation: a checkpoint only when it is called in a cancelled scope."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._waiting:
            if self._closed:
                raise trio.ClosedResourceError(f"this {self._name} was closed")
            if has_ended():
                await trio.lowlevel.cancel_shielded_checkpoint()
                raise trio.EndOfChannel
            await self._arrived.park()

    def _add(self, thing: T) -> None:
        self._waiting.append(thing)
        self._arrived.unpark()


class Branch(_Outlet[_Entry[T]], Generic[T]):
    """One branch of a `FanOut`: a source of everything that is sent into it, in that order.

    Whoever receives an item owes the branch the word `conclude` about it, which a stage says by itself.
    """

    def __init__(self, fan_out: FanOut[T], place: int) -> None:
        super().__init__("branch")
        self._fan_out = fan_out
        self._place = place
        self._taken: list[_Entry[T]] = []
        self._done = 0
        self._left = 0

    async def receive(self) -> T:
        """The next item.

        Raises:
            trio.EndOfChannel: The fan-out was closed, and everything was received.
            trio.ClosedResourceError: This branch was closed.

        Cancellation: a checkpoint; an item is either returned or left where it was.
        """
        await self._wait(lambda: self._fan_out._closed)  # noqa: SLF001
        entry = self._waiting.popleft()
        self._taken.append(entry)
        await trio.lowlevel.cancel_shielded_checkpoint()
        return entry.item

    def conclude(self, item: T, outcome: Outcome[Any] | None = None) -> None:
        """Be through with an item that was received from here; after `close` it means nothing any more.

        Args:
            item: The very object that was received.
            outcome: What it came to; None if it was let go without outcome.

        Raises:
            RuntimeError: It was not received from here, or is concluded already.
        """
        if self._closed:
            return
        # There are never more of them than workers.
        for entry in self._taken:
            if entry.item is item:
                self._taken.remove(entry)
                self._conclude(entry, outcome)
                return
        raise RuntimeError(f"this branch waits for no word about {item!r}")

    def close(self) -> None:
        """Let go of everything, received or not, and of all that will be sent; closing twice is fine."""
        self._closed = True
        held = [*self._taken, *self._waiting]
        self._taken.clear()
        self._waiting.clear()
        for entry in held:
            self._conclude(entry, None)
        self._fan_out._wake_all()  # noqa: SLF001

    def statistics(self) -> BranchStatistics:
        """How it stands now."""
        return BranchStatistics(len(self._waiting), len(self._taken), self._done, self._left, self._closed)

    def _offer(self, entry: _Entry[T]) -> None:
        if self._closed:
            self._conclude(entry, None)
        else:
            self._add(entry)

    def _conclude(self, entry: _Entry[T], outcome: Outcome[Any] | None) -> None:
        self._done += outcome is not None
        self._left += outcome is None
        entry.outcomes[self._place] = outcome
        self._fan_out._concluded(entry)  # noqa: SLF001


class Join(_Outlet[Joined[T]], Generic[T]):
    """A source of the items that all branches of a `FanOut` are through with, in the order in which they became so."""

    def __init__(self, fan_out: FanOut[T]) -> None:
        super().__init__("join")
        self._fan_out = fan_out

    async def receive(self) -> Joined[T]:
        """The next item, with what it came to in each branch.

        Raises:
            trio.EndOfChannel: The fan-out was closed, and everything has gone through it.
            trio.ClosedResourceError: This join was closed.

        Cancellation: a checkpoint; an item is either returned or left where it was.
        """
        await self._wait(lambda: self._fan_out._closed and not self._fan_out._in_flight)  # noqa: SLF001
        joined = self._waiting.popleft()
        self._fan_out._over(finished=1)  # noqa: SLF001
        await trio.lowlevel.cancel_shielded_checkpoint()
        return joined

    def close(self) -> None:
        """Take nothing more: the fan-out then says that nobody receives from it; closing twice is fine."""
        self._closed = True
        dropped = len(self._waiting)
        self._waiting.clear()
        self._fan_out._over(dropped=dropped)  # noqa: SLF001
        self._fan_out._wake_all()  # noqa: SLF001

    def __aiter__(self) -> AsyncIterator[Joined[T]]:
        return self

    async def __anext__(self) -> Joined[T]:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def _offer(self, joined: Joined[T]) -> None:
        if self._closed:
            self._fan_out._over(dropped=1)  # noqa: SLF001
        else:
            self._add(joined)
