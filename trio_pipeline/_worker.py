"""What a worker process sees to itself: that it outlives neither its parent nor a limit on its memory.

Runs in the worker alone. This file does not know what the worker is called for.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading

from trio_pipeline._memory import read_memory_use

__all__ = ["is_worn", "prepare"]

_WORN = 400 * 1024 * 1024
"""Bytes that are still in use after a call, and come back only with a new process."""


def prepare(memory_limit: int) -> None:
    """To be called once, before the first call.

    Args:
        memory_limit: Bytes of data that the process may have. What asks for more gets a MemoryError, or dies.
    """
    # A signal to the whole process group means the parent, which ends its workers itself when it has no more use of
    # them. A worker that died of one would look as if its work had killed it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_die_with_the_parent, name="parent watch", daemon=True).start()
    # Data and not the address space, which maps more than is ever used. macOS keeps the number and ignores it.
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = memory_limit if most == resource.RLIM_INFINITY else min(memory_limit, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def is_worn() -> bool:
    """Whether the process should give way to a new one, asked after every call."""
    use = read_memory_use()
    return (use.resident or use.peak or 0) > _WORN


def _die_with_the_parent() -> None:
    # Joining waits for the end of a pipe that nobody but the parent holds: it comes even if the parent is killed. Not
    # PR_SET_PDEATHSIG, which heeds the death of the thread that started the worker.
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    # Whatever is under way, nobody waits for it.
    os._exit(1)
