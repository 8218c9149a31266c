"""How a pacer fares against a server with a quota, and what it costs where there is nothing to pace.

The server, on virtual time, has a bucket of tokens: so many requests a second, a small reserve, and 503 for the rest. A
crowd of workers always has something to ask. Rejected share and goodput are printed for a fixed limit alone and for the
pacer with no cap and with caps above and below the quota; then the processor time of a request that nothing limits.

    python benchmarks/pacing.py
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import trio
from trio.testing import MockClock

from trio_pipeline.pacing import Pacer, Permit
from trio_pipeline.retry import Backoff

QUOTA = 20.0  # requests a second
RESERVE = 10.0  # requests
WORKERS = 16
DURATION = 600.0  # virtual seconds


class QuotaServer:
    """Answers after 50 to 150 ms, and rejects what finds no token."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._tokens = RESERVE
        self._filled = trio.current_time()
        self.accepted = 0
        self.rejected = 0

    async def ask(self) -> bool:
        """Make one request; returns whether it was accepted."""
        now = trio.current_time()
        self._tokens = min(RESERVE, self._tokens + (now - self._filled) * QUOTA)
        self._filled = now
        accepted = self._tokens >= 1
        if accepted:
            self._tokens -= 1
        await trio.sleep(self._random.uniform(0.05, 0.15))
        self.accepted += accepted
        self.rejected += not accepted
        return accepted


@dataclass(frozen=True)
class Case:
    """How the workers are held back."""

    name: str
    interval: float = 0.0
    verdicts: bool = True
    retry_after: float | None = None


CASES = [
    Case("16 at once, nothing else", verdicts=False),
    Case("pacer, no cap"),
    Case("pacer, no cap, Retry-After 1 s", retry_after=1.0),
    Case("pacer, cap 20 times the quota", interval=0.05 / QUOTA),
    Case("pacer, cap twice the quota", interval=0.5 / QUOTA),
    Case("pacer, cap 1.1 times the quota", interval=1 / 1.1 / QUOTA),
    Case("pacer, cap half the quota", interval=2 / QUOTA),
]


async def work(case: Case, pacer: Pacer, server: QuotaServer, source: random.Random) -> None:
    backoff = Backoff(first=0.5, longest=30.0)
    attempt = 0
    while True:
        async with pacer.request() as permit:
            await permit.start()
            accepted = await server.ask()
            if case.verdicts:
                judge(permit, case, accepted=accepted)
            if accepted:
                attempt = 0
                continue
        attempt += 1
        await trio.sleep(max(backoff.delay(attempt, source), case.retry_after or 0.0))


def judge(permit: Permit, case: Case, *, accepted: bool) -> None:
    if accepted:
        permit.succeeded()
    else:
        permit.rejected("503", case.retry_after)


async def simulate(case: Case, seed: int) -> tuple[float, float]:
    """The share of the requests that was rejected, and the goodput as a share of the quota."""
    server = QuotaServer(seed)
    pacer = Pacer("server", interval=case.interval, concurrency=WORKERS)
    source = random.Random(seed)
    with trio.move_on_after(DURATION):
        async with trio.open_nursery() as nursery:
            for _ in range(WORKERS):
                nursery.start_soon(work, case, pacer, server, source)
    asked = server.accepted + server.rejected
    return server.rejected / asked, server.accepted / DURATION / QUOTA


async def cost(count: int) -> float:
    """Processor seconds of one request that nothing limits, with a verdict."""
    pacer = Pacer("server")
    started = time.process_time()
    for _ in range(count):
        async with pacer.request() as permit:
            await permit.start()
            permit.succeeded()
    return (time.process_time() - started) / count


async def cost_of_checkpoints(count: int) -> float:
    """Processor seconds of the two checkpoints in it."""
    started = time.process_time()
    for _ in range(count):
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
    return (time.process_time() - started) / count


def main() -> None:
    print(f"quota {QUOTA:g}/s, {WORKERS} workers, {DURATION:g} s of virtual time")
    print(f"{'':34}{'rejected':>10}{'goodput':>10}")
    for case in CASES:
        rejected, goodput = trio.run(simulate, case, 1, clock=MockClock(autojump_threshold=0))
        print(f"{case.name:34}{rejected:>10.1%}{goodput:>10.1%}")
    whole, checkpoints = trio.run(cost, 50_000), trio.run(cost_of_checkpoints, 50_000)
    print(f"an unlimited request: {whole * 1e6:.1f} us, of which two checkpoints {checkpoints * 1e6:.1f} us")


if __name__ == "__main__":
    main()
