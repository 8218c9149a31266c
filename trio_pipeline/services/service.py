"""What both stand-ins have: an ASGI app that counts its requests and says what it counted.

This file does not know what is served.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from trio_pipeline.services.control import ControlError, faults_of, json_of
from trio_pipeline.services.exchange import ClientGone, Exchange, Receive, Scope, Send
from trio_pipeline.services.faults import FaultPlan
from trio_pipeline.services.traffic import Traffic

__all__ = ["Service"]


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
            if exchange.path.startswith("/_control/"):
                await self._controlled(exchange, exchange.path.removeprefix("/_control/"))
            else:
                await self._serve(exchange)
        except ClientGone:  # nobody is left to answer; that is the clients' right, and what faults do
            pass
        finally:
            exchange.leave()

    def statistics(self) -> dict[str, object]:
        """What `GET /_control/statistics` says, as JSON values."""
        return self.traffic.statistics()

    async def _controlled(self, exchange: Exchange, what: str) -> None:
        try:
            await self._control(exchange, what)
        except ControlError as error:
            await exchange.answer_json({"error": str(error)}, status=400)

    async def _control(self, exchange: Exchange, what: str) -> None:
        """Answer whoever sets up a trial. May raise ClientGone, and ControlError for what cannot be done."""
        match exchange.method, what:
            case "GET" | "HEAD", "statistics":
                await exchange.answer_json(self.statistics())
            case "GET" | "HEAD", "faults":
                await exchange.answer_json([str(fault) for fault in self.plan.faults])
            case "PUT", "faults":
                self.plan = FaultPlan(faults_of(await json_of(exchange)), seed=self.plan.seed)
                await exchange.answer(204)
            case "DELETE", "faults":
                self.plan = FaultPlan(seed=self.plan.seed)
                await exchange.answer(204)
            case _:
                await exchange.answer(404)

    @abstractmethod
    async def _serve(self, exchange: Exchange) -> None:
        """Answer one request. May raise ClientGone."""
