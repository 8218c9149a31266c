"""Hosts that say nothing (contract): a host's fault as long as another is heard, else our own network's."""

from __future__ import annotations

import math

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from pacing_scenes import ask, ask_all, blocked, open_breaker, unreachable

from trio_pipeline._reach import Network
from trio_pipeline.pacing import HostPaused, Pacer, Permit
from trio_pipeline.testing import run

PATIENCE = 1_800.0


def silent(permit: Permit) -> None:
    permit.unreachable("timed out", silent=True)


def pacers(network, *names, patience=PATIENCE):
    return [Pacer(name, concurrency=1, patience=patience, network=network) for name in names]


async def ask_for_hours(pacer, hours, verdict=silent):
    """One request after the other; returns when it had been told that the host is paused, or None."""
    while trio.current_time() < hours * 3_600:
        try:
            await ask(pacer, [], verdict)
        except HostPaused:
            return trio.current_time()
    return None


def test_nothing_is_known_at_first():
    network = Network()
    assert (network.gone_since, network.back_at) == (None, -math.inf)
    assert not network.heard_since(0.0)


def test_silence_after_something_was_heard_is_the_host():
    network = Network()
    network.heard(10.0)
    network.missed(5.0)
    assert network.gone_since is None
    network.missed(10.0)
    assert network.gone_since == 10


def test_first_silence_is_the_one_that_counts():
    network = Network()
    network.missed(10.0)
    network.missed(20.0)
    assert network.gone_since == 10
    network.heard(30.0)
    assert (network.gone_since, network.back_at) == (None, 30)


def test_host_is_accountable_from_when_it_could_be_reached():
    network = Network()
    assert network.accountable_since(3.0) == 3
    network.missed(10.0)
    assert network.accountable_since(3.0) == math.inf
    network.heard(30.0)
    assert network.accountable_since(3.0) == 30
    assert network.accountable_since(40.0) == 40


async def test_all_hosts_silent_try_nobodys_patience(autojump_clock):
    network = Network()
    court, archive = pacers(network, "court", "archive")
    async with trio.open_nursery() as nursery:
        told = []

        async def keep_asking(pacer):
            told.append(await ask_for_hours(pacer, 8))

        nursery.start_soon(keep_asking, court)
        nursery.start_soon(keep_asking, archive)
    assert told == [None, None]
    assert network.gone_since == 0


async def test_silent_host_is_out_of_patience_while_another_is_heard(autojump_clock):
    network = Network()
    court, archive = pacers(network, "court", "archive")
    async with trio.open_nursery() as nursery:

        async def listen():
            while True:
                await ask(archive, [], takes=60.0)

        nursery.start_soon(listen)
        told = await ask_for_hours(court, 8)
        nursery.cancel_scope.cancel()
    assert told is not None
    # The other one was not heard before the first minute was over.
    assert told <= 60 + PATIENCE
    assert network.gone_since is None


@pytest.mark.parametrize("verdict", [unreachable, blocked])
async def test_host_that_says_something_is_at_fault_itself(autojump_clock, verdict):
    (court,) = pacers(Network(), "court")
    told = await ask_for_hours(court, 8, verdict)
    assert told is not None
    assert told <= PATIENCE


async def test_patience_begins_anew_when_the_network_is_back(autojump_clock):
    network = Network()
    court, archive = pacers(network, "court", "archive")
    async with trio.open_nursery() as nursery:
        told = []

        async def keep_asking():
            told.append(await ask_for_hours(court, 20))

        nursery.start_soon(keep_asking)
        await trio.sleep(8 * 3_600)
        await ask(archive, [])
    assert network.gone_since is None
    # Not at once: the court gets as long from then on as it had got at first.
    assert PATIENCE - 300 < told[0] - 8 * 3_600 <= PATIENCE


async def test_part_of_an_answer_is_a_sign_of_life(autojump_clock):
    network = Network()
    court, archive = pacers(network, "court", "archive")
    await open_breaker(court, silent)
    await open_breaker(court, silent)
    async with archive.request() as permit:
        await permit.start()
        await open_breaker(court, silent)
        assert network.gone_since == trio.current_time()
        permit.heard()
        assert network.gone_since is None


async def test_pacer_without_a_network_holds_its_host_to_account(autojump_clock):
    pacer = Pacer("court", patience=PATIENCE)
    assert await ask_for_hours(pacer, 8) is not None
    await ask_all(Pacer("other"), 1, Permit.heard)


@given(
    outages=st.lists(
        st.tuples(st.sampled_from(["court", "archive", "both"]), st.floats(60, 20_000), st.floats(60, 4_000)),
        max_size=4,
    ),
    seed=st.integers(0, 10_000),
)
def test_patience_ends_for_nobody_who_could_not_be_reached(outages, seed):
    """Hosts answer each minute but in outages; after one there is calm."""

    async def main():
        network = Network()
        down: set[str] = set()
        only_ours = True

        async def live(pacer):
            while not over:
                async with pacer.request() as permit:
                    await permit.start()
                    if pacer.name in down:
                        await trio.sleep(30)
                        silent(permit)
                    else:
                        permit.succeeded()
                await trio.sleep(60)

        async def watch(pacer):
            try:
                await live(pacer)
            except HostPaused:
                assert not only_ours, "everybody was silent, and somebody lost patience"

        over = False
        async with trio.open_nursery() as nursery:
            for pacer in pacers(network, "court", "archive"):
                nursery.start_soon(watch, pacer)
            for who, length, calm in outages:
                down |= {"court", "archive"} if who == "both" else {who}
                only_ours = only_ours and who == "both"
                await trio.sleep(length)
                down.clear()
                await trio.sleep(calm + 400)
            over = True
        assert network.gone_since is None or not only_ours

    run(main, schedule=seed)


async def test_lost_network_keeps_nobody_who_lets_go(autojump_clock):
    (pacer,) = pacers(Network(), "court")
    await open_breaker(pacer, silent, 3)

    async def let_go() -> None:
        await trio.sleep(2)
        pacer.let_go()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(let_go)
        with pytest.raises(HostPaused) as caught:
            await ask(pacer, [])
    assert (trio.current_time(), caught.value.until) == (2, 5)
