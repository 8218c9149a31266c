"""What the tests of a pacer share: requests on virtual time, and what becomes of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from trio.testing import wait_all_tasks_blocked

from trio_pipeline.pacing import Pacer, Permit

__all__ = ["Verdict", "ask", "ask_all", "begin", "blocked", "no_verdict", "open_breaker", "rejected", "unreachable"]


Verdict = Callable[[Permit], None]


def rejected(permit: Permit) -> None:
    permit.rejected("429 Too Many Requests")


def blocked(permit: Permit) -> None:
    permit.blocked("block page")


def unreachable(permit: Permit) -> None:
    permit.unreachable("connection refused")


def no_verdict(permit: Permit) -> None:
    pass


async def ask(
    pacer: Pacer, starts: list[float], verdict: Verdict = Permit.succeeded, *, connects: float = 0.0, takes: float = 0.0
) -> None:
    """One request, its start noted. Whoever waits for ever fails the test instead of hanging it."""
    with trio.fail_after(100_000):
        async with pacer.request() as permit:
            await trio.sleep(connects)
            await permit.start()
            starts.append(trio.current_time())
            await trio.sleep(takes)
            verdict(permit)


async def ask_all(pacer: Pacer, count: int, verdict: Verdict = Permit.succeeded, *, takes: float = 0.0) -> list[float]:
    """Requests made at the same time; returns when they started."""
    starts: list[float] = []
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(lambda: ask(pacer, starts, verdict, takes=takes))
    return starts


async def begin(nursery: trio.Nursery, function: Callable[[], Awaitable[object]]) -> None:
    """Start a task and let it come as far as it can now, so that the next one comes after it."""
    nursery.start_soon(function)
    await wait_all_tasks_blocked()


async def open_breaker(pacer: Pacer, verdict: Verdict, times: int = 1) -> None:
    """Have requests fail that have places already; without any spacing of starts."""
    async with pacer.request() as permit:
        for _ in range(times):
            verdict(permit)
