"""Random programs around a way that divides: each branch gets every item, and they come together with what they became.

This file does not know stages: its workers are loops of its own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import trio

from trio_pipeline.channels import FanOut, Joined
from trio_pipeline.retry import Done, Failed, Outcome
from trio_pipeline.simulation.core_programs.witness import Witness

__all__ = ["FanOutProgram"]

_ALL = "every open branch gets every item once, in the order in which they were sent"
_BOUND = "no more is in flight than may be"
_AT_ONCE = "who waits at a fan-out goes as soon as there is something or room"
_JOINED = "an item comes out of a join when all branches are through with it, with what it came to"
_FIGURES = "a fan-out's statistics are true"
_CANCELLED = "cancellation ends the wait at a fan-out, and all branches get an item or none"
_END = "a fan-out ends when what is in flight has gone through, and breaks when nobody needs more"


@dataclass(eq=False, slots=True)
class _Item:
    number: int


class FanOutProgram:
    """Senders, some of whom give up, workers in each branch, and branches or the join that are closed early."""

    def __init__(self, draw: random.Random, witness: Witness) -> None:
        self._hold, self._note = witness.hold, witness.note
        count = draw.choice([1, 2, 2, 3])
        self._capacity = draw.randrange(1, 5)
        self._fan_out: FanOut[_Item] = FanOut(count, capacity=self._capacity)
        self._branches = self._fan_out.branches
        self._join = self._fan_out.join() if draw.random() < 0.7 else None
        self._pauses = [(draw.choice([0.0, 0.0, 0.5]), draw.choice([math.inf, math.inf, 0.5])) for _ in range(8)]
        self._senders = draw.randrange(1, 4)
        self._works = [draw.choice([0.0, 0.0, 0.5, 1.0, 3.0]) for _ in range(7)]
        self._workers = [draw.randrange(1, 4) for _ in range(count)]
        self._patience = draw.choice([math.inf, math.inf, 0.75])
        self._closes = [draw.choice([math.inf] * 5 + [0.5, 2.0]) for _ in range(count)]
        self._join_closes = draw.choice([math.inf] * 5 + [1.0, 3.0])
        self._joiners = draw.choice([1, 1, 2])
        self._join_work = draw.choice([0.0, 0.0, 1.0])
        self._numbers = iter(range(1000))
        self._sent: list[int] = []
        self._received: list[list[int]] = [[] for _ in self._branches]
        self._outcomes: dict[tuple[int, int], Outcome[int]] = {}
        self._joined: list[int] = []
        self._sending = 0
        self._receiving = [0 for _ in self._branches]
        self._joining = 0
        self._closed_branches: set[int] = set()
        self._join_closed = False

    async def run(self) -> None:
        """As `Program`."""
        async with trio.open_nursery() as nursery:
            for place, branch in enumerate(self._branches):
                for _ in range(self._workers[place]):
                    nursery.start_soon(self._work, place)
                if self._closes[place] < math.inf:
                    nursery.start_soon(self._close_at, self._closes[place], branch.close, place)
            if self._join is not None:
                for _ in range(self._joiners):
                    nursery.start_soon(self._receive_joined)
                if self._join_closes < math.inf:
                    nursery.start_soon(self._close_at, self._join_closes, self._join.close, None)
            async with trio.open_nursery() as senders:
                for sender in range(self._senders):
                    senders.start_soon(self._send_all, self._pauses[sender :: self._senders])
            self._fan_out.close()

    def look(self, moment: float | None) -> None:
        """As `Program`."""
        statistics = self._fan_out.statistics()
        under_way = statistics.sent - statistics.finished - statistics.dropped
        self._hold(statistics.in_flight == under_way, _FIGURES, statistics)
        self._hold(0 <= under_way <= self._capacity, _BOUND, statistics)
        for branch in statistics.branches:
            count = branch.waiting + branch.taken + branch.concluded + branch.left
            self._hold(count == statistics.sent, _FIGURES, branch, "of", statistics.sent)
        if moment is None:
            return
        self._hold(not self._sending or under_way == self._capacity, _AT_ONCE, "senders wait at", moment, statistics)
        for receiving, branch in zip(self._receiving, statistics.branches, strict=True):
            waits = receiving and (branch.waiting or branch.closed or statistics.closed)
            self._hold(not waits, _AT_ONCE, "receivers wait at", moment, branch)
        over = statistics.closed and not statistics.in_flight
        self._hold(not self._joining or not (over or self._join_closed), _AT_ONCE, "the join waits at", moment)

    def check(self) -> None:
        """As `Program`."""
        statistics = self._fan_out.statistics()
        self._hold(statistics.in_flight == 0, _END, statistics)
        self._hold(statistics.sent == len(self._sent), _CANCELLED, statistics, "of", self._sent)
        sent = sorted(self._sent)
        for place, received in enumerate(self._received):
            found = sorted(received)
            if place in self._closed_branches:
                self._hold(len(set(received)) == len(received) and set(found) <= set(sent), _ALL, place, received)
            else:
                self._hold(found == sent, _ALL, place, received, "of", sent)
            # Of several who are given something in the same instant, any may be the first to say so.
            in_order = self._senders > 1 or self._workers[place] > 1 or received == found
            self._hold(in_order, _ALL, place, received)
        if self._join is not None:
            self._hold(len(set(self._joined)) == len(self._joined), _JOINED, self._joined)
            everything = self._join_closed or sorted(self._joined) == sent
            self._hold(everything, _JOINED, self._joined, "of", sent)

    async def _send_all(self, pauses: list[tuple[float, float]]) -> None:
        for pause, patience in pauses:
            await trio.sleep(pause)
            item = _Item(next(self._numbers))
            deadline = trio.current_time() + patience
            with trio.move_on_at(deadline):
                self._sending += 1
                try:
                    await self._fan_out.send(item)
                except trio.BrokenResourceError:
                    gone = self._join_closed or len(self._closed_branches) == len(self._branches)
                    self._hold(gone, _END, "nobody is gone")
                    return
                finally:
                    self._sending -= 1
                self._sent.append(item.number)
                self._note("sent", item.number, trio.current_time())
                self._hold(trio.current_time() <= deadline, _CANCELLED, deadline)

    async def _work(self, place: int) -> None:
        branch = self._branches[place]
        while True:
            with trio.move_on_after(self._patience) as scope:
                self._receiving[place] += 1
                try:
                    item = await branch.receive()
                except (trio.EndOfChannel, trio.ClosedResourceError):
                    return
                finally:
                    self._receiving[place] -= 1
                self._hold(scope.deadline >= trio.current_time(), _CANCELLED, scope.deadline)
            if scope.cancelled_caught:
                # Else many would come again at the same time as they leave, for ever.
                await trio.sleep(0.125)
                continue
            self._received[place].append(item.number)
            await trio.sleep(self._works[(item.number + place) % len(self._works)])
            outcome: Outcome[int] = Failed("odd") if item.number % 3 == 2 else Done(item.number * 10 + place)
            self._outcomes.setdefault((item.number, place), outcome)
            if place in self._closed_branches:
                del self._outcomes[item.number, place]
            branch.conclude(item, outcome)

    async def _receive_joined(self) -> None:
        assert self._join is not None
        while True:
            self._joining += 1
            try:
                joined = await self._join.receive()
            except (trio.EndOfChannel, trio.ClosedResourceError):
                return
            finally:
                self._joining -= 1
            self._judge(joined)
            await trio.sleep(self._join_work)

    def _judge(self, joined: Joined[_Item]) -> None:
        number = joined.item.number
        expected = tuple(self._outcomes.get((number, place)) for place in range(len(self._branches)))
        self._note("joined", number, trio.current_time())
        self._hold(joined.outcomes == expected, _JOINED, number, joined.outcomes, "not", expected)
        is_done = all(isinstance(outcome, Done) for outcome in expected)
        self._hold(joined.done == is_done, _JOINED, number, joined.done)
        self._joined.append(number)

    async def _close_at(self, moment: float, close: Callable[[], None], place: int | None) -> None:
        await trio.sleep_until(moment)
        if place is None:
            self._join_closed = True
        else:
            self._closed_branches.add(place)
        close()
