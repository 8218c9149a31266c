"""What is wrong with the way a stage is started, said at once and in words that help.

This file does not know what a stage does with what it is given.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Coroutine
from typing import Any

import trio

from trio_pipeline._attempts import Concluding, Returnable
from trio_pipeline.channels import Backlog, Batches, Branch, FanOut, Join

__all__ = [
    "CALLED_WRONGLY",
    "IN_A_GROUP",
    "check_async",
    "check_deadline",
    "check_sink",
    "check_source",
    "check_workers",
]

CALLED_WRONGLY = (
    "A handler is an async function that is called with one item; "
    "a record is one that is called with item, outcome, attempt and elapsed."
)
IN_A_GROUP = (
    "Out of a nursery this comes in an exception group, and a group is a defect: "
    "catch it with except* around the nursery, and raise it again outside."
)


def check_workers(stage: str, workers: object) -> int:
    """A number of workers.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is negative.
    """
    if not isinstance(workers, int) or isinstance(workers, bool):
        raise TypeError(f"stage {stage!r}: workers must be a whole number, not {workers!r}; 0 is a pause")
    if workers < 0:
        raise ValueError(f"stage {stage!r} cannot have {workers} workers; 0 is a pause")
    return workers


def check_deadline(stage: str, deadline: object) -> None:
    """Refuse a deadline that no attempt can keep.

    Raises:
        TypeError: It is no number.
        ValueError: It is not more than 0.
    """
    if not isinstance(deadline, int | float) or isinstance(deadline, bool):
        raise TypeError(f"stage {stage!r}: a deadline is a number of seconds, not {deadline!r}")
    if not deadline > 0:
        raise ValueError(f"stage {stage!r}: an attempt needs time, a deadline of {deadline} s gives none")


def check_async(stage: str, what: str, function: object) -> None:
    """Refuse what certainly cannot be awaited when it is called: the handler or record of a stage.

    What may be awaitable passes: a lambda, an object with `__call__`, a `def` whose annotation names what it returns.

    Raises:
        TypeError: It is no async function.
    """
    place = f"stage {stage!r}: its {what}"
    if isinstance(function, Coroutine):
        function.close()
        raise TypeError(f"{place} was called already; hand over the function itself, without (…)")
    if not callable(function):
        raise TypeError(f"{place} must be an async function, not {function!r}")
    bare = _bare(function)
    if _is_coroutine_function(bare):
        return
    if inspect.isasyncgenfunction(bare) or inspect.isgeneratorfunction(bare):
        raise TypeError(f"{place} is a generator; it must return one result, not yield (a list can be one)")
    if isinstance(bare, type) and not hasattr(bare, "__await__"):
        raise TypeError(f"{place} is a class, {bare.__name__}; it must be an async function")
    if _is_plain(bare):
        raise TypeError(
            f"{place} is not async: begin it with `async def`, and await trio.to_thread.run_sync() in it if it blocks; "
            "if it returns an awaitable, annotate it with -> Awaitable[…] or wrap it in a lambda"
        )


def check_source(stage: str, source: object) -> None:
    """Refuse what nothing can be received from.

    Raises:
        TypeError: It is no source, or makes batches of one that waits for a word about each item.
        trio.ClosedResourceError: It was closed.
    """
    if not hasattr(source, "receive"):
        raise TypeError(f"stage {stage!r}: its source has no receive(): {source!r}; {_hint(source)}")
    within: Any = source
    while isinstance(within, Batches):
        within = within.source
    if within is not source and isinstance(within, Returnable | Concluding):
        # A stage speaks of batches, never of what is in them: the source would wait for that for ever.
        raise TypeError(
            f"stage {stage!r}: its source makes batches of {within!r}, which waits for a word about each item; let "
            "another stage receive from that and send the items over a channel, and make batches of the channel"
        )
    _check_open(stage, "source", within)


def check_sink(stage: str, sink: object) -> None:
    """Refuse what nothing can be sent to; None is no sink.

    Raises:
        TypeError: It is neither.
        trio.ClosedResourceError: It was closed.
    """
    if sink is None:
        return
    if not hasattr(sink, "send"):
        raise TypeError(f"stage {stage!r}: its sink has no send(): {sink!r}; {_hint(sink)}")
    _check_open(stage, "sink", sink)


def _bare(function: Any) -> Any:
    """The function inside partials, methods and decorators."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif isinstance(function, types.MethodType):
            function = function.__func__
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            return function


def _is_coroutine_function(function: object) -> bool:
    if not isinstance(function, types.FunctionType):
        return False
    # The second flag is what types.coroutine() marks an awaitable generator with.
    return bool(function.__code__.co_flags & (inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE))


def _is_plain(function: object) -> bool:
    """Whether it is a `def` that says nothing of an awaitable."""
    if not isinstance(function, types.FunctionType) or function.__name__ == "<lambda>":
        return False
    return not any(word in str(function.__annotations__.get("return")) for word in ("Awaitable", "Coroutine", "Any"))


def _hint(end: object) -> str:
    if isinstance(end, trio.MemorySendChannel | trio.MemoryReceiveChannel):
        return "open_memory_channel() gives the end to send to first, and then the end to receive from"
    if isinstance(end, tuple):
        return "open_memory_channel() gives two ends: hand over one of them"
    if isinstance(end, FanOut):
        return "hand over one of its branches, or its join()"
    if isinstance(end, Branch | Join):
        return "what is to come out there is sent to its FanOut"
    if isinstance(end, Backlog):
        return "have the handler put() items into it"
    return "Backlog.of(items) makes a source of a list"


def _check_open(stage: str, what: str, end: object) -> None:
    if not isinstance(end, trio.MemorySendChannel | trio.MemoryReceiveChannel):
        return
    try:
        # The one way to ask without receiving or sending something.
        end.clone().close()
    except trio.ClosedResourceError:
        raise trio.ClosedResourceError(
            f"stage {stage!r}: its {what} was closed already, perhaps by a stage that it was handed to before, or by a "
            "`with` block that has ended"
        ) from None
