"""The random programs over the core: they hold, they are the same each time, and they reach what they are for."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter

import pytest

from trio_pipeline.simulation.broken import Broken
from trio_pipeline.simulation.core_programs import PROGRAMS, run_core_programs
from trio_pipeline.simulation.core_programs.witness import Witness, live_through
from trio_pipeline.testing.trace import Trace


@pytest.mark.parametrize("start", range(0, 20, 5))
def test_core_keeps_its_promises(start):
    for seed in range(start, start + 5):
        run_core_programs(seed, Trace())


def digest_in_new_process(hash_seed: int) -> str:
    script = (
        "from trio_pipeline.simulation.core_programs import run_core_programs\n"
        "from trio_pipeline.testing.trace import Trace\n"
        "trace = Trace()\n"
        "for seed in range(4):\n"
        "    run_core_programs(seed, trace)\n"
        "print(trace.digest)\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    end = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return end.stdout


def test_two_processes_do_the_same():
    assert digest_in_new_process(1) == digest_in_new_process(2)


def test_two_seeds_do_something_else():
    digests = set()
    for seed in range(5):
        trace = Trace()
        run_core_programs(seed, trace)
        digests.add(trace.digest)
    assert len(digests) == 5


def words_of(name: str, seeds: int) -> Counter[str]:
    """How often each word occurs in what is noted about a program."""
    words: Counter[str] = Counter()
    for seed in range(seeds):
        trace = Trace(keep=True)
        draw = random.Random(f"{seed}/{name}/0")
        witness = Witness(trace)
        live_through(name, draw, witness, PROGRAMS[name][1](draw, witness))
        words.update(word for line in trace.lines for word in line.split())
    return words


def test_pipelines_come_to_all_their_ends():
    words = words_of("pipeline", 150)
    fates = {"soon", "later", "rejected", "handler", "given", "None", "took", "two"}
    assert fates | {"resize", "stop", "drain", "cancel", "start"} <= set(words)


def test_hosts_give_every_verdict():
    assert {"rejected", "unreachable", "blocked", "none", "succeeded"} <= set(words_of("pacer", 100))


class Liar:
    """A program that breaks a promise in a task whose error nobody sees, and then another one."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def run(self) -> None:
        for number in (1, 2):
            try:
                self._witness.hold(number > 2, "a promise", number)
            except Broken:
                continue

    def look(self, moment: float | None) -> None:
        pass

    def check(self) -> None:
        raise AssertionError


def test_first_broken_promise_comes_out_though_it_was_swallowed():
    witness = Witness(Trace())
    with pytest.raises(Broken, match=r"seed 7, liar, .*: a promise: 1"):
        live_through("seed 7, liar", random.Random(1), witness, Liar(witness))


class Stray(Liar):
    async def run(self) -> None:
        raise LookupError("stray")


def test_stray_exception_breaks_a_promise():
    witness = Witness(Trace())
    with pytest.raises(Broken, match="was put into it: LookupError"):
        live_through("seed 7, stray", random.Random(1), witness, Stray(witness))


def test_broken_promise_says_all_on_one_line():
    broken = Broken("a promise", "2 of 3")
    assert str(broken) == "a promise: 2 of 3"
    assert str(broken.at("seed 5")) == "seed 5: a promise: 2 of 3"
    assert (broken.at("seed 5").invariant, broken.at("seed 5").facts) == ("a promise", "2 of 3")
