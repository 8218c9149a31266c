"""What whoever sets up a trial sends to a stand-in's `/_control/` addresses.

This file does not know what is done with it.
"""

from __future__ import annotations

import json

from trio_pipeline.services.exchange import Exchange
from trio_pipeline.services.faults import Fault, FaultSyntaxError, parse_fault

__all__ = ["ControlError", "faults_of", "json_of"]

_LONGEST = 1024 * 1024


class ControlError(ValueError):
    """What was sent is not what the address takes. The message says what would be."""


async def json_of(exchange: Exchange) -> object:
    """The body of a request.

    Raises:
        ControlError: It is not JSON, or too long.
        ClientGone: As `Exchange.read`.

    Cancellation: as `Exchange.read`.
    """
    body = await exchange.read_all(_LONGEST)
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        raise ControlError("the body is not JSON") from None


def faults_of(value: object) -> list[Fault]:
    """The faults that a list of texts names, each as `--fault` takes it.

    Raises:
        ControlError: It is no such list.
    """
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ControlError("the body is not a list of faults")
    try:
        return [parse_fault(text) for text in value]
    except FaultSyntaxError as error:
        raise ControlError(str(error)) from error
