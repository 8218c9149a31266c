"""What both stand-ins have: an ASGI app that counts its requests and says what it counted.

This file does not know what is served.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from trio_pipeline.services.exchange import ClientGone, Exchange, Receive, Scope, Send
from trio_pipeline.services.faults import Fault, FaultPlan
from trio_pipeline.services.traffic import Traffic

__all__ = ["Service", "retry_after"]


def retry_after(fault: Fault | None) -> list[tuple[str, str]]:
    """The headers that a fault's answer has besides its own."""
    if fault is None or fault.retry_after is None:
        return []
    return [("Retry-After", f"{fault.retry_after:.0f}")]


class Service(ABC):
    """An ASGI app for HTTP, without lifespan.

    Attributes:
        traffic: What it has counted.
        plan: Which requests go wrong; may be changed at any time.

    Args:
        latency: Seconds from the beginning of a request to the first byte of its answer, for what takes time.
        bandwidth: Bytes a second of each body; None for no limit.
        plan: Which requests go wrong; None for none of them.
    """

    def __init__(self, *, latency: float = 0.0, bandwidth: float | None = None, plan: FaultPlan | None = None) -> None:
        self.traffic = Traffic()
        self._latency = latency
        self._bandwidth = bandwidth
        self.plan = plan or FaultPlan()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI asks.

        Raises:
            ConnectionCut: A fault would cut the connection, and the server below has none to cut.

        Cancellation: the answer may have gone in part.
        """
        assert scope["type"] == "http", "the stand-ins serve HTTP only"
        exchange = Exchange(scope, receive, send, traffic=self.traffic, bandwidth=self._bandwidth)
        try:
            if exchange.path == "/_control/statistics":
                await exchange.answer_json(self.statistics())
            else:
                await self._serve(exchange)
        except ClientGone:  # nobody is left to answer; that is the clients' right, and what faults do
            pass
        finally:
            exchange.leave()

    def statistics(self) -> dict[str, object]:
        """What `GET /_control/statistics` says, as JSON values."""
        return self.traffic.statistics()

    async def unavailable(self, exchange: Exchange) -> bool:
        """Answer 503 if the request's fault is that; whether it was.

        Raises:
            ClientGone: As `Exchange.answer`.

        Cancellation: as `Exchange.answer`.
        """
        fault = exchange.fault
        if fault is None or fault.name != "unavailable":
            return False
        await exchange.answer(503, b"Service Unavailable", headers=retry_after(fault))
        return True

    @abstractmethod
    async def _serve(self, exchange: Exchange) -> None:
        """Answer one request. May raise ClientGone."""
