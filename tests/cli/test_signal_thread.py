"""What is started while signals go to one thread does not hear them; the main thread handles them (contract)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

import pytest
import trio

from trio_pipeline.cli.signal_thread import signals_in_one_thread

SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def blocked() -> set[int]:
    return SIGNALS & signal.pthread_sigmask(signal.SIG_BLOCK, ())


def tell_blocked(pipe) -> None:
    pipe.send(blocked())


@pytest.mark.parametrize("number", sorted(SIGNALS))
def test_signals_to_the_process_wake_the_loop(number):
    async def main():
        with trio.open_signal_receiver(number) as signals:
            os.kill(os.getpid(), number)
            return await anext(signals)

    with signals_in_one_thread(SIGNALS):
        assert trio.run(main) == number


def test_threads_and_processes_are_born_deaf():
    mine, others = multiprocessing.Pipe(duplex=False)
    seen = []

    def start_and_look() -> None:
        seen.append(blocked())
        process = multiprocessing.get_context("spawn").Process(target=tell_blocked, args=(others,))
        process.start()
        seen.append(mine.recv())
        process.join()

    with signals_in_one_thread(SIGNALS), mine, others:
        thread = threading.Thread(target=start_and_look)
        thread.start()
        thread.join()
    assert seen == [SIGNALS, SIGNALS]


def test_afterwards_all_is_as_before():
    threads = threading.active_count()
    with pytest.raises(ZeroDivisionError), signals_in_one_thread(SIGNALS):
        raise ZeroDivisionError
    assert blocked() == set()
    assert threading.active_count() == threads
