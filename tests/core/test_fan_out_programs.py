"""Contract of a fan-out under random programs and interleavings: everything sent is accounted for, in every branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.channels import FanOut, Join, Joined
from trio_pipeline.retry import Done

PAUSES = st.lists(st.sampled_from([0.0, 0.0, 0.5, 2.0]), min_size=1, max_size=4)


@dataclass(frozen=True)
class Reader:
    """Somebody who receives from a branch: its pauses, in turn, and when it is cancelled or closes the branch."""

    branch: int
    pauses: list[float]
    cancelled_after: float | None
    closes: bool


READERS = st.builds(
    Reader,
    branch=st.integers(0, 2),
    pauses=PAUSES,
    cancelled_after=st.sampled_from([None, None, 0.0, 1.0, 3.0]),
    closes=st.booleans(),
)


@dataclass
class Program:
    """Senders, readers of the branches and one of the join, and what each of them saw."""

    branches: int
    capacity: int
    senders: list[list[float]]
    readers: list[Reader]
    joiner: Reader
    sent: list[Any] = field(default_factory=list)
    received: list[list[Any]] = field(default_factory=list)
    joined: list[Joined[Any]] = field(default_factory=list)

    async def run(self) -> None:
        self.fan_out: FanOut[Any] = FanOut(self.branches, capacity=self.capacity)
        self.join: Join[Any] = self.fan_out.join()
        self.received = [[] for _ in range(self.branches)]
        with trio.fail_after(100_000):
            async with trio.open_nursery() as nursery:
                for reader in self.readers:
                    nursery.start_soon(self.read, reader)
                nursery.start_soon(self.read_joined)
                async with trio.open_nursery() as senders:
                    for number, pauses in enumerate(self.senders):
                        senders.start_soon(self.send, number, pauses)
                self.fan_out.close()
                # Whoever is left: what nobody receives would keep the join open.
                for branch in range(self.branches):
                    nursery.start_soon(self.read, Reader(branch, [0.0], None, closes=True))

    async def send(self, number: int, pauses: list[float]) -> None:
        for count, pause in enumerate(pauses * 2):
            item = (number, count)
            try:
                with trio.move_on_after(2 + pause) as scope:
                    await self.fan_out.send(item)
            except trio.BrokenResourceError:
                return
            if not scope.cancelled_caught:
                self.sent.append(item)
            assert self.fan_out.statistics().in_flight <= self.capacity
            await trio.sleep(pause)

    async def read(self, reader: Reader) -> None:
        branch = self.fan_out.branches[reader.branch % self.branches]
        received = self.received[reader.branch % self.branches]
        with trio.move_on_after(float("inf")) as scope:
            if reader.cancelled_after is not None:
                scope.deadline = trio.current_time() + reader.cancelled_after
            try:
                for count in range(1_000):
                    item = await branch.receive()
                    received.append(item)
                    with trio.CancelScope(shield=True):
                        await trio.sleep(reader.pauses[count % len(reader.pauses)])
                    branch.conclude(item, Done(item))
            except (trio.EndOfChannel, trio.ClosedResourceError):
                return
        if reader.closes:
            branch.close()

    async def read_joined(self) -> None:
        with trio.move_on_after(float("inf")) as scope:
            if self.joiner.cancelled_after is not None and self.joiner.closes:
                scope.deadline = trio.current_time() + self.joiner.cancelled_after
            async for joined in self.join:
                self.joined.append(joined)
                await trio.sleep(self.joiner.pauses[len(self.joined) % len(self.joiner.pauses)])
        self.join.close()


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32),
    branches=st.integers(1, 3),
    capacity=st.integers(1, 4),
    senders=st.lists(PAUSES, min_size=1, max_size=3),
    readers=st.lists(READERS, max_size=5),
    joiner=READERS,
)
def test_everything_sent_is_accounted_for(run_seeded, seed, branches, capacity, senders, readers, joiner):
    program = Program(branches, capacity, senders, readers, joiner)
    run_seeded(seed, program.run)
    statistics = program.fan_out.statistics()
    assert statistics.sent == len(program.sent) == statistics.finished + statistics.dropped
    assert (statistics.in_flight, statistics.finished) == (0, len(program.joined))
    for number, branch in enumerate(statistics.branches):
        assert (branch.waiting, branch.taken) == (0, 0)
        assert branch.concluded + branch.left == statistics.sent
        received = program.received[number]
        assert len(received) == len(set(received)) <= statistics.sent
        assert set(received) <= set(program.sent)
        for joined in program.joined:
            assert joined.outcomes[number] in (None, Done(joined.item))
    items = [joined.item for joined in program.joined]
    assert len(items) == len(set(items))
