"""Contract tests of a pacer, on virtual time: spacing, concurrency and cancellation."""

from __future__ import annotations

import pytest
import trio
from pacing_scenes import ask, ask_all, begin
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from trio_pipeline.pacing import Pacer

# Spacing


async def test_starts_are_spaced_exactly(autojump_clock):
    assert await ask_all(Pacer("court", interval=2.0), 4) == [0, 2, 4, 6]


async def test_no_cap_spaces_nothing(autojump_clock):
    assert await ask_all(Pacer("court"), 4) == [0, 0, 0, 0]


async def test_first_byte_counts_not_admission(autojump_clock):
    pacer, starts = Pacer("court", interval=2.0), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask(pacer, starts, connects=5.0))
        nursery.start_soon(lambda: ask(pacer, starts, connects=6.0))
    assert starts == [5, 7]


async def test_idle_time_buys_no_burst(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    await ask_all(pacer, 1)
    await trio.sleep(10)
    assert await ask_all(pacer, 3) == [10, 12, 14]


async def test_redirect_takes_its_own_turn(autojump_clock):
    pacer = Pacer("court", interval=2.0)
    async with pacer.request() as permit:
        await permit.start()
        await permit.start()
        assert trio.current_time() == 2
    assert pacer.statistics().started == 2


@pytest.mark.parametrize(("interval", "start"), [(0.0, 1), (3.0, 3), (15.0, 15)])
async def test_new_interval_holds_for_waiters(autojump_clock, interval, start):
    pacer, starts = Pacer("court", interval=10.0), []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: ask_all(pacer, 1))
        await wait_all_tasks_blocked()
        nursery.start_soon(lambda: ask(pacer, starts))
        await trio.sleep(1)
        pacer.interval = interval
    assert starts == [start]
    assert pacer.interval == interval


async def test_turns_go_in_order_of_arrival(autojump_clock):
    pacer, order = Pacer("court", interval=1.0), []

    async def named(name: int) -> None:
        await ask(pacer, [])
        order.append(name)

    async with trio.open_nursery() as nursery:
        for name in range(6):
            await begin(nursery, lambda name=name: named(name))
    assert order == [0, 1, 2, 3, 4, 5]


# Concurrency


async def test_concurrency_bounds_what_is_under_way(autojump_clock):
    assert await ask_all(Pacer("court", concurrency=2), 5, takes=3.0) == [0, 0, 3, 3, 6]


async def test_places_go_in_order_of_arrival(autojump_clock):
    pacer, order = Pacer("court", concurrency=1), []

    async def named(name: int) -> None:
        async with pacer.request():
            order.append(name)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        for name in range(6):
            await begin(nursery, lambda name=name: named(name))
    assert order == [0, 1, 2, 3, 4, 5]


async def test_newcomer_does_not_overtake(autojump_clock):
    # A place is given back and asked for again in one breath, before the waiter has run: the waiter gets it.
    pacer, order = Pacer("court", concurrency=1), []

    async def again_and_again(name: str) -> None:
        for _ in range(20):
            async with pacer.request():
                order.append(name)
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(again_and_again, "a")
        nursery.start_soon(again_and_again, "b")
    assert order[::2] in (["a"] * 20, ["b"] * 20)


async def test_more_places_admit_waiters_at_once(autojump_clock):
    pacer, starts = Pacer("court", concurrency=1), []
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(lambda: ask(pacer, starts, takes=10.0))
        await trio.sleep(1)
        pacer.concurrency = 3
    assert starts == [0, 1, 1, 10]


async def test_fewer_places_admit_nobody_until_free(autojump_clock):
    pacer, starts = Pacer("court", concurrency=3), []
    async with trio.open_nursery() as nursery:
        for takes in (1.0, 2.0, 3.0):
            await begin(nursery, lambda takes=takes: ask(pacer, starts, takes=takes))
        await begin(nursery, lambda: ask(pacer, starts))
        pacer.concurrency = 1
    assert starts == [0, 0, 0, 3]


async def test_fewer_places_start_nothing_until_fewer_run(autojump_clock):
    pacer, starts = Pacer("court", interval=1.0, concurrency=3), []
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            await begin(nursery, lambda: ask(pacer, starts, takes=10.0))
        await trio.sleep(1.5)
        pacer.concurrency = 1  # two are under way, and a third has its place
    assert starts == [0, 1, 11]


async def test_redirect_given_up_frees_its_share_once(autojump_clock):
    pacer, starts = Pacer("court", concurrency=2), []
    pacer.interval = 10.0
    async with pacer.request() as permit:
        await permit.start()
        with trio.move_on_after(1):
            await permit.start()
    pacer.interval = 0.0
    async with trio.open_nursery() as nursery:
        for connects in (0.0, 1.0):
            nursery.start_soon(lambda connects=connects: ask(pacer, starts, connects=connects, takes=5.0))
        await trio.sleep(0.5)
        pacer.concurrency = 1
    assert starts == [1, 6]


async def test_redirects_go_one_by_one_through_fewer_places(autojump_clock):
    pacer, starts = Pacer("court", concurrency=2), []

    async def redirected() -> None:
        async with pacer.request() as permit:
            for _ in range(2):
                await permit.start()
                starts.append(trio.current_time())
                await trio.sleep(5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(redirected)
        nursery.start_soon(redirected)
        await trio.sleep(1)
        pacer.concurrency = 1
    assert starts == [0, 0, 5, 10]


async def test_no_places_hold_even_the_admitted(autojump_clock):
    pacer, starts = Pacer("court", interval=1.0), []
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            await begin(nursery, lambda: ask(pacer, starts))
        pacer.concurrency = 0
        await begin(nursery, lambda: ask(pacer, starts))
        await trio.sleep(100)
        assert starts == [0]
        pacer.concurrency = None
    assert starts == [0, 100, 101, 102]


async def test_failed_user_frees_its_place(autojump_clock):
    pacer = Pacer("court", concurrency=1)
    with pytest.raises(KeyError):
        async with pacer.request():
            raise KeyError
    assert await ask_all(pacer, 1) == [0]


# Cancellation


async def test_request_and_start_are_checkpoints(autojump_clock):
    pacer = Pacer("court")
    with assert_checkpoints():
        async with pacer.request():
            pass
    async with pacer.request() as permit:
        with assert_checkpoints():
            await permit.start()


async def test_cancelled_entry_takes_no_place(autojump_clock):
    pacer = Pacer("court", concurrency=1)
    with trio.CancelScope() as scope:
        scope.cancel()
        async with pacer.request():
            pytest.fail("was admitted")
    assert pacer.statistics().in_flight == 0


async def test_cancelled_first_lets_the_next_go(autojump_clock):
    pacer, starts = Pacer("court", interval=10.0, concurrency=3), []
    await ask(pacer, starts)
    scope = trio.CancelScope()

    async def cancelled() -> None:
        with scope:
            await ask(pacer, starts)

    async with trio.open_nursery() as nursery:
        await begin(nursery, cancelled)
        await begin(nursery, lambda: ask(pacer, starts))
        await trio.sleep(4)
        scope.cancel()
    assert starts == [0, 10]


async def test_cancelled_waiter_for_a_place_is_skipped(autojump_clock):
    pacer, starts = Pacer("court", concurrency=1), []
    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, takes=10.0))
        with trio.move_on_after(1):
            await ask(pacer, starts)
        assert pacer.statistics().waiting == 0
        await begin(nursery, lambda: ask(pacer, starts))
    assert starts == [0, 10]


async def test_cancellation_and_free_place_together(autojump_clock):
    # The place is freed at the very instant at which the first waiter is cancelled; whichever comes first, the second
    # one must not be forgotten.
    pacer, starts = Pacer("court", concurrency=1), []

    async def impatient() -> None:
        with trio.move_on_after(5):
            await ask(pacer, [])

    async with trio.open_nursery() as nursery:
        await begin(nursery, lambda: ask(pacer, starts, takes=5.0))
        await begin(nursery, impatient)
        await begin(nursery, lambda: ask(pacer, starts))
    assert starts == [0, 5]


async def test_request_that_begins_late_keeps_the_next_one_waiting(autojump_clock):
    pacer, starts = Pacer("court", interval=2.0), []
    async with pacer.request() as permit, trio.open_nursery() as nursery:
        await permit.start()
        nursery.start_soon(lambda: ask(pacer, starts))
        await trio.sleep(1.5)
        permit.begins_now()
    assert starts == [3.5]
