"""What is read of a gazette in a worker process, and what comes of it if it cannot be.

This file does not know what is read, or who reads it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import trio

from trio_pipeline.diario.language_model.questions import TooMuchToAsk
from trio_pipeline.diario.pdf import PdfUnreadable
from trio_pipeline.diario.quarantine import Quarantine
from trio_pipeline.retry import GiveUp, Reject

__all__ = ["read_apart"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LONGEST_READING = 600.0
"""Seconds for reading a gazette; the largest real ones take half a minute."""


async def read_apart(quarantine: Quarantine, identifier: str, function: Callable[[*Ts], T], *args: *Ts) -> T:
    """Read a gazette in a worker process, for as long as any gazette may take.

    Raises:
        TryAgain: The worker died while the run was ending.
        Reject: There is nothing in it to be read, it is larger than any gazette, or it kills its workers.
        GiveUp: It takes too long.

    Cancellation: the worker is killed.
    """
    try:
        return await quarantine.run(identifier, function, *args, seconds=_LONGEST_READING)
    except PdfUnreadable as error:
        raise Reject(error.reason) from None
    except TooMuchToAsk as error:
        raise Reject(str(error)) from None
    except trio.TooSlowError:
        raise GiveUp(f"the gazette could not be read in {_LONGEST_READING / 60:.0f} minutes") from None
