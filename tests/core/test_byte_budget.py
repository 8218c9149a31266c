"""Contract of `ByteBudget`: never exceeded, served in order, nothing lost to cancellation."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.channels import ByteBudget, ByteBudgetStatistics

LIMIT = 100


async def hold_for(budget: ByteBudget, size: int, seconds: float, story: list[tuple[str, float]], name: str) -> None:
    """Reserve, write down when that was granted, and hold it for a while."""
    with await budget.reserve(size):
        story.append((name, trio.current_time()))
        await trio.sleep(seconds)


async def test_what_fits_is_held_at_once(autojump_clock):
    budget = ByteBudget(LIMIT)
    with await budget.reserve(60), await budget.reserve(40):
        assert budget.statistics() == ByteBudgetStatistics(limit=LIMIT, used=100, waiting=0, wanted=0)
    assert budget.statistics().used == 0


async def test_fits_says_what_could_be_held(autojump_clock):
    budget = ByteBudget(LIMIT)
    assert budget.fits(500)
    with await budget.reserve(60):
        assert budget.fits(40)
        assert not budget.fits(41)


async def test_reserve_is_always_a_checkpoint(autojump_clock):
    with trio.testing.assert_checkpoints():
        await ByteBudget(LIMIT).reserve(1)


async def test_what_does_not_fit_waits(autojump_clock):
    budget = ByteBudget(LIMIT)
    story: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold_for, budget, 60, 5, story, "first")
        await wait_all_tasks_blocked()
        nursery.start_soon(hold_for, budget, 41, 5, story, "second")
        await wait_all_tasks_blocked()
        assert budget.statistics() == ByteBudgetStatistics(limit=LIMIT, used=60, waiting=1, wanted=1)
    assert story == [("first", 0), ("second", 5)]


async def test_small_one_does_not_overtake_a_large_one(autojump_clock):
    budget = ByteBudget(LIMIT)
    story: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        for name, size, seconds in [("a", 60, 5), ("large", 90, 3), ("small", 20, 1)]:
            nursery.start_soon(hold_for, budget, size, seconds, story, name)
            await wait_all_tasks_blocked()
    assert story == [("a", 0), ("large", 5), ("small", 8)]


async def test_larger_than_everything_goes_alone(autojump_clock):
    budget = ByteBudget(LIMIT)
    story: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        for name, size, seconds in [("a", 1, 5), ("huge", 500, 3), ("b", 1, 1)]:
            nursery.start_soon(hold_for, budget, size, seconds, story, name)
            await wait_all_tasks_blocked()
        assert budget.statistics().wanted == 1
    assert story == [("a", 0), ("huge", 5), ("b", 8)]


async def test_first_in_line_gives_up_and_the_next_is_served(autojump_clock):
    budget = ByteBudget(LIMIT)
    story: list[tuple[str, float]] = []
    with await budget.reserve(60):
        async with trio.open_nursery() as nursery:
            with trio.move_on_after(2):
                nursery.start_soon(hold_later, budget, story)
                await hold_for(budget, 90, 1, story, "large")
    assert story == [("small", 2)]


async def hold_later(budget: ByteBudget, story: list[tuple[str, float]]) -> None:
    await wait_all_tasks_blocked()
    await hold_for(budget, 20, 1, story, "small")


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_grant_and_cancellation_in_one_tick(autojump_clock, cancelled_first):
    budget = ByteBudget(LIMIT)
    held = await budget.reserve(100)
    scope = trio.CancelScope()

    async def reserve() -> None:
        with scope, await budget.reserve(50):
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(reserve)
        await wait_all_tasks_blocked()
        if cancelled_first:
            scope.cancel()
            held.release()
        else:
            held.release()
            scope.cancel()
    assert budget.statistics() == ByteBudgetStatistics(limit=LIMIT, used=0, waiting=0, wanted=0)


async def test_shrinking_makes_room_for_who_waits(autojump_clock):
    budget = ByteBudget(LIMIT)
    story: list[tuple[str, float]] = []
    with await budget.reserve(90) as reservation:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hold_for, budget, 30, 0, story, "second")
            await trio.sleep(4)
            assert reservation.resize(70)
    assert story == [("second", 4)]


async def test_growth_that_does_not_fit_changes_nothing(autojump_clock):
    budget = ByteBudget(LIMIT)
    with await budget.reserve(50) as mine, await budget.reserve(40):
        assert not mine.resize(61)
        assert (mine.size, budget.statistics().used) == (50, 90)
        assert mine.resize(60)
        assert (mine.size, budget.statistics().used) == (60, 100)


async def test_only_holder_may_grow_beyond_the_limit(autojump_clock):
    budget = ByteBudget(LIMIT)
    with await budget.reserve(50) as mine:
        assert mine.resize(1000)
        assert budget.statistics().used == 1000
    assert budget.statistics().used == 0


async def test_release_twice_is_fine(autojump_clock):
    budget = ByteBudget(LIMIT)
    reservation = await budget.reserve(50)
    with await budget.reserve(10):
        reservation.release()
        reservation.release()
        assert budget.statistics().used == 10


async def test_what_exists_already_is_held_in_any_case(autojump_clock):
    budget = ByteBudget(LIMIT)
    swept = budget.hold(250)
    story: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold_for, budget, 1, 0, story, "first")
        await trio.sleep(3)
        assert swept.resize(99)
    assert story == [("first", 3)]


async def test_no_size_is_negative(autojump_clock):
    budget = ByteBudget(LIMIT)
    reservation = budget.hold(1)
    with pytest.raises(ValueError, match="not negative: -1"):
        await budget.reserve(-1)
    with pytest.raises(ValueError, match="not negative: -1"):
        budget.hold(-1)
    with pytest.raises(ValueError, match="not negative: -1"):
        reservation.resize(-1)
    assert budget.statistics().used == 1


async def test_raised_limit_serves_who_waits(autojump_clock):
    budget = ByteBudget(LIMIT)
    story: list[tuple[str, float]] = []
    with await budget.reserve(100):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hold_for, budget, 50, 0, story, "first")
            await trio.sleep(6)
            budget.limit = 150
    assert story == [("first", 6)]


async def test_lowered_limit_takes_nothing_away(autojump_clock):
    budget = ByteBudget(LIMIT)
    with await budget.reserve(50), await budget.reserve(50):
        budget.limit = 60
        assert budget.statistics().used == 100
        with trio.move_on_after(1) as scope:
            await budget.reserve(1)
    assert scope.cancelled_caught
    assert budget.limit == 60


@dataclass(frozen=True)
class Holder:
    """Arrives, reserves, perhaps asks for another size, and is perhaps cancelled on the way."""

    arrives: float
    size: int
    resized: int | None
    seconds: float
    cancelled_at: float | None


SECONDS = st.integers(0, 5).map(float)
SIZES = st.integers(0, 160)
HOLDERS = st.lists(
    st.builds(
        Holder,
        arrives=SECONDS,
        size=SIZES,
        resized=st.none() | SIZES,
        seconds=SECONDS,
        cancelled_at=st.none() | SECONDS,
    ),
    max_size=8,
)


class Crowd:
    """Holders at one budget, and a check of the bound whenever anything has changed."""

    def __init__(self, holders: list[Holder]) -> None:
        self.holders = holders
        self.budget = ByteBudget(LIMIT)
        self.held: dict[int, int] = {}
        self.asked: list[int] = []
        self.granted: list[int] = []

    def check(self) -> None:
        sizes = [size for size in self.held.values() if size]
        assert sum(sizes) <= LIMIT or len(sizes) == 1

    async def hold(self, number: int, holder: Holder) -> None:
        with trio.CancelScope() as scope:
            await trio.sleep_until(holder.arrives)
            if holder.cancelled_at is not None:
                scope.deadline = holder.cancelled_at
            self.asked.append(number)
            with await self.budget.reserve(holder.size) as reservation:
                try:
                    self.granted.append(number)
                    self.held[number] = holder.size
                    self.check()
                    await trio.sleep(holder.seconds)
                    if holder.resized is not None and reservation.resize(holder.resized):
                        self.held[number] = holder.resized
                        self.check()
                    await trio.sleep(holder.seconds)
                finally:
                    del self.held[number]

    async def run(self) -> ByteBudgetStatistics:
        with trio.fail_after(10_000):
            async with trio.open_nursery() as nursery:
                for number, holder in enumerate(self.holders):
                    nursery.start_soon(self.hold, number, holder)
        return self.budget.statistics()


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), holders=HOLDERS)
def test_bound_holds_and_nothing_is_lost(run_seeded, seed, holders):
    crowd = Crowd(holders)
    after = run_seeded(seed, crowd.run)
    assert after == ByteBudgetStatistics(limit=LIMIT, used=0, waiting=0, wanted=0)
    patient = {number for number, holder in enumerate(holders) if holder.cancelled_at is None}
    assert patient <= set(crowd.granted)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), sizes=st.lists(SIZES, max_size=8))
def test_who_asks_first_is_served_first(run_seeded, seed, sizes):
    async def run() -> list[int]:
        budget = ByteBudget(LIMIT)
        served: list[int] = []
        everything = await budget.reserve(LIMIT)
        async with trio.open_nursery() as nursery:
            for number, size in enumerate(sizes):
                nursery.start_soon(take_turn, budget, size, number, served)
                await wait_all_tasks_blocked()
            everything.release()
        return served

    assert run_seeded(seed, run) == list(range(len(sizes)))


async def take_turn(budget: ByteBudget, size: int, number: int, served: list[int]) -> None:
    # More than half of all for each, so that they go one at a time and the order of grants can be seen.
    with await budget.reserve(max(size, LIMIT // 2 + 1)):
        served.append(number)
        await trio.sleep(1)
