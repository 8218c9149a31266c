"""Room for uploads (contract): what is asked when, who waits, and for how long."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.diario.archives.ia_answers import Limits, Queue
from trio_pipeline.diario.archives.ia_room import Room
from trio_pipeline.pacing import HostPaused, Network, Pacer
from trio_pipeline.retry import TryAgain
from trio_pipeline.testing import run

ROOMY = Queue(0, 1_000)


def limits(*, account=ROOMY, item=ROOMY, everybody=ROOMY, over_limit=False, reason=""):
    return Limits(over_limit, reason, everybody, account, item)


class Desk:
    """Answers with what comes next, the last one again and again; an answer takes a second."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self.asked = []

    async def __call__(self, item):
        self.asked.append((trio.current_time(), item))
        await trio.sleep(1)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def room_of(desk, *, patience=1_800.0, network=None, one_item=False, pacer=None):
    wait_until = (pacer or Pacer("archive")).wait_until
    return Room(desk, patience=patience, network=network or Network(), one_item=one_item, wait_until=wait_until)


async def take_all(room, count, item="a"):
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(room.take, item)


async def test_one_answer_serves_all_who_want_room(autojump_clock):
    desk = Desk(limits())
    room = room_of(desk)
    await take_all(room, 20)
    assert desk.asked == [(0, "a")]
    assert room.statistics().room == 880


async def test_a_tenth_of_every_ration_is_left_to_others(autojump_clock):
    desk = Desk(limits(account=Queue(87, 100)), limits(account=Queue(90, 100)), limits())
    room = room_of(desk)
    await take_all(room, 3)
    assert len(desk.asked) == 1
    await room.take("a")
    # Asked again at once, as what was given is used up; then there was none for half a minute.
    assert [at for at, _ in desk.asked] == [0, 1, 32]


@pytest.mark.parametrize(
    "answer", [limits(account=Queue(90, 100)), limits(everybody=Queue(95, 100)), limits(over_limit=True), None]
)
async def test_without_room_the_question_is_repeated_and_not_the_upload(autojump_clock, answer):
    desk = Desk(answer, answer, answer, answer, answer, answer, limits())
    room = room_of(desk)
    await take_all(room, 5)
    # After 30 s, 60 s, … and never more than five minutes; each answer takes a second.
    gaps = [later - earlier - 1 for (earlier, _), (later, _) in zip(desk.asked, desk.asked[1:], strict=False)]
    assert gaps == [30, 60, 120, 240, 300, 300]
    assert room.statistics().closed_since is None


async def test_the_reason_is_told_while_there_is_no_room(autojump_clock):
    room = room_of(Desk(limits(over_limit=True, reason="total_tasks_queued exceeds total_global_limit")))
    with trio.move_on_after(10):
        await room.take("a")
    told = room.statistics()
    assert (told.closed_since, told.room) == (1, 0)
    assert "total_tasks_queued exceeds" in told.reason


async def test_who_waits_longer_than_the_patience_is_told(autojump_clock):
    room = room_of(Desk(None), patience=100.0)
    for _ in range(2):
        with pytest.raises(HostPaused, match="does not say"):
            await room.take("a")
    # Asked at 0 and 31 s; the next time would have been at 92 s, and the one after that is too late.
    assert trio.current_time() == 93


async def test_nobody_waits_for_room_who_is_let_go(autojump_clock):
    pacer = Pacer("archive")
    desk = Desk(limits(over_limit=True, reason="total_tasks_queued exceeds total_global_limit"))
    room = room_of(desk, pacer=pacer)

    async def want():
        with pytest.raises(HostPaused, match="total_tasks_queued exceeds"):
            await room.take("a")

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(want)
        await trio.sleep(10)
        pacer.let_go()
    await want()
    assert (trio.current_time(), len(desk.asked)) == (10, 1)


async def test_without_network_patience_has_no_end(autojump_clock):
    network = Network()
    network.missed(0.0)
    room = room_of(Desk(*[None] * 100, limits()), patience=100.0, network=network)
    await room.take("a")
    assert trio.current_time() > 8 * 3_600


async def test_patience_begins_when_the_network_is_back(autojump_clock):
    network = Network()
    network.missed(0.0)
    room = room_of(Desk(None), patience=1_000.0, network=network)
    async with trio.open_nursery() as nursery:

        async def want():
            with pytest.raises(HostPaused):
                await room.take("a")

        nursery.start_soon(want)
        await trio.sleep(20_000)
        network.heard(20_000)
    assert 20_700 <= trio.current_time() <= 21_000


async def test_old_answers_are_forgotten(autojump_clock):
    desk = Desk(limits())
    room = room_of(desk)
    await room.take("a")
    await trio.sleep(59)
    await room.take("a")
    await trio.sleep(1)
    await room.take("a")
    assert [at for at, _ in desk.asked] == [0, 61]


async def test_nothing_goes_after_a_refusal_until_the_archive_says_so(autojump_clock):
    desk = Desk(limits())
    room = room_of(desk)
    await room.take("a")
    room.close("SlowDown", 60.0)
    await room.take("a")
    assert [at for at, _ in desk.asked] == [0, 61]


async def test_full_queue_of_an_item_holds_up_that_item_alone(autojump_clock):
    desk = Desk(limits(item=Queue(95, 100)), limits())
    room = room_of(desk, one_item=True)
    with pytest.raises(TryAgain) as caught:
        await room.take("a")
    assert (caught.value.after, caught.value.counts) == (60, False)
    await room.take("b")
    assert [item for _, item in desk.asked] == ["a", "b"]
    with pytest.raises(TryAgain):
        await room.take("a")
    await trio.sleep(60)
    await room.take("a")
    assert [item for _, item in desk.asked] == ["a", "b", "a"]


async def test_an_item_that_stays_full_rests_longer_each_time(autojump_clock):
    room = room_of(Desk(limits(item=Queue(100, 100), over_limit=True), limits()), one_item=True)
    rests = [room.rest("a", None) for _ in range(6)]
    assert rests == [60, 120, 240, 480, 600, 600]
    assert room.rest("a", 45.0) == 45


async def test_over_limit_because_of_the_item_alone_closes_nothing_else(autojump_clock):
    room = room_of(Desk(limits(item=Queue(100, 100), over_limit=True), limits()), one_item=True)
    with pytest.raises(TryAgain, match="queue for the item a"):
        await room.take("a")
    await room.take("b")
    assert trio.current_time() == 2


async def test_cancelled_waiter_takes_no_room(autojump_clock):
    room = room_of(Desk(limits(account=Queue(89, 100))))
    with trio.move_on_after(0.5):
        await room.take("a")
    await room.take("a")
    assert (trio.current_time(), room.statistics().room) == (1.5, 0)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)), min_size=1), st.integers(0, 99))
def test_no_more_is_given_than_the_answers_allow(answers, seed):
    given_out = []

    class Counting(Desk):
        async def __call__(self, item):
            answer = await super().__call__(item)
            given_out.append(0)
            return answer

    async def main():
        desk = Counting(
            *(
                limits(account=Queue(one, 10), item=Queue(two, 10), everybody=Queue(all_, 10))
                for one, two, all_ in answers
            )
        )
        room = room_of(desk, one_item=True, patience=300.0)

        async def want():
            try:
                await room.take("a")
            except (TryAgain, HostPaused):
                return
            given_out[-1] += 1

        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(want)

    run(main, schedule=seed)
    for number, taken in enumerate(given_out):
        assert taken <= max(0, 9 - max(answers[min(number, len(answers) - 1)]))
