"""The stand-ins on real ports of this machine.

This file does not know what they serve, nor who asks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

import trio

from trio_pipeline.services.archive import Archive
from trio_pipeline.services.court import Court
from trio_pipeline.services.extras import demo_module
from trio_pipeline.services.gemini import Gemini

__all__ = ["ServiceAddresses", "lone_error", "open_services"]

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServiceAddresses:
    """Where the stand-ins can be reached, as URLs without a slash at the end.

    Attributes:
        tjro: The court.
        archive: The archive, for uploads and for metadata.
        gemini: The language model.
    """

    tjro: str
    archive: str
    gemini: str


@asynccontextmanager
async def open_services(
    court: Court, archive: Archive, gemini: Gemini, *, tjro_port: int = 0, archive_port: int = 0, gemini_port: int = 0
) -> AsyncIterator[ServiceAddresses]:
    """Serve the stand-ins while the context is open; all can be reached when it is entered.

    Args:
        court: The court.
        archive: The archive.
        gemini: The language model.
        tjro_port: The court's port; 0 lets the system choose.
        archive_port: The archive's port; 0 lets the system choose.
        gemini_port: The model's port; 0 lets the system choose.

    Raises:
        ExtraMissing: The extra `demo` is not installed.
        OSError: A port cannot be had.

    Cancellation: leaving, however it comes, closes every connection at once. It waits for nobody.
    """
    serve_app = demo_module("trio_pipeline.services.http_server").serve_app
    with lone_error():
        async with trio.open_nursery() as nursery:
            tjro = await nursery.start(partial(serve_app, court, _HOST, tjro_port), name="court")
            ia = await nursery.start(partial(serve_app, archive, _HOST, archive_port), name="archive")
            model = await nursery.start(partial(serve_app, gemini, _HOST, gemini_port), name="gemini")
            yield ServiceAddresses(f"http://{_HOST}:{tjro}", f"http://{_HOST}:{ia}", f"http://{_HOST}:{model}")
            nursery.cancel_scope.cancel("the context of the services was left")


@contextmanager
def lone_error() -> Iterator[None]:
    """Raise an error of the body as it was, out of the group of one that the nursery around the body makes of it."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        error = group.exceptions[0]
        context = error.__context__
        try:
            raise error
        finally:
            error.__context__ = context  # not the group, which says nothing that the error does not
