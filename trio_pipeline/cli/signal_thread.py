"""One thread that receives a process's signals, so that whatever it starts meanwhile is born deaf to them.

Ctrl-C goes to everything in the terminal's group: also to a worker process that is just being started, and cannot say
yet that signals mean its parent. A new process has the signal mask of the thread that starts it, and a new thread that
of the one which starts it.

This file does not know what the signals mean.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

__all__ = ["ENDING_SIGNALS", "signals_in_one_thread"]

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a command to end: Ctrl-C, whoever manages services, and a terminal that is closed."""


@contextmanager
def signals_in_one_thread(signals: Collection[int]) -> Iterator[None]:
    """Have `signals` received by a thread of their own for as long as the context lasts.

    Threads and processes that are started in it have them blocked; those that were there before are as they were.
    Python still calls the handlers in the main thread, whose system calls they no longer interrupt; Trio's loop is
    woken all the same. To be used from the main thread.
    """
    listens, is_over = threading.Event(), threading.Event()

    def listen() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        listens.set()
        is_over.wait()

    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        # The first process that multiprocessing starts would start this one by the way, and that unblocks signals.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        listener = threading.Thread(target=listen, name="signals", daemon=True)
        listener.start()
        listens.wait()
        try:
            yield
        finally:
            is_over.set()
            listener.join()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
