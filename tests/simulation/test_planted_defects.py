"""The simulation finds what goes wrong in every day's code: each planted defect, by the first seed that found it.

`python tests/simulation/planted/find_seeds.py` searches for these seeds again, among the first 500.
"""

from __future__ import annotations

import pytest
from find_seeds import SEEDS
from planted_defects import PLANTED, with_defect

from trio_pipeline.simulation.broken import Broken
from trio_pipeline.simulation.core_programs import run_core_programs
from trio_pipeline.testing.trace import Trace

FOUND = {
    "record_after_hand_on": (0, "an outcome is recorded before the stage acts on it"),
    "swallowed_cancellation": (0, "every defect comes out, flat, and nothing else does"),
    "unclosed_sink": (0, "a stage that has ended has closed its ends"),
    "drain_drops_an_item": (3, "a stage's statistics are true"),
    "resize_cuts_off_work": (0, "nobody is cancelled without a reason"),
    "room_wakes_nobody": (0, "services are cancelled when the last stage has ended, and not before"),
    "one_worker_too_many": (0, "no more workers than the limit begin at once"),
    "attempt_counted_twice": (0, "attempts are counted one by one"),
    "uncounted_attempt_counts": (0, "attempts are counted one by one"),
    "defect_becomes_failure": (1, "an outcome is recorded before the stage acts on it"),
    "grace_is_for_ever": (2, "a pipeline that is cut off ends at once"),
    "deadline_never_ends": (0, "an attempt that takes longer than its deadline is cut off then"),
    "order_of_finishing": (3, "where results leave in order, no more items are under way than may be"),
    "due_too_early": (0, "a backlog hands out nothing before it is due"),
    "priority_forgotten": (15, "a backlog hands out first what ranks first"),
    "wake_up_lost_with_who_was_woken": (28, "who waits at a backlog gets what is due at once"),
    "end_tells_one_receiver": (0, "nobody waits for ever, and nobody goes round in circles"),
    "budget_released_twice": (0, "a byte budget has used what is held and nothing else"),
    "budget_race": (0, "a byte budget has used what is held and nothing else"),
    "grant_lost_to_cancellation": (0, "no byte and no place outlives the pipeline"),
    "last_batch_lost": (0, "a stage's statistics are true"),
    "batch_lost_to_cancellation": (0, "batches lose nothing and keep the order"),
    "retry_ignores_pace": (0, "starts are never closer than the interval in force"),
    "retry_after_freezes_rate": (0, "the interval is what rejections, calm and blocks make of it"),
    "place_lost_to_cancellation": (0, "no byte and no place outlives the pipeline"),
    "breaker_never_closes": (0, "a host is paused when and for as long as it has given cause"),
    "new_interval_wakes_nobody": (41, "who waits at a pacer goes as soon as the pace allows"),
    "line_forgets_who_is_next": (4, "a pacer's statistics are true"),
    "rate_never_cut_again": (0, "the interval is what rejections, calm and blocks make of it"),
    "commit_acknowledged_early": (0, "whoever wakes was stored before, and stays so whenever the process is killed"),
    "interrupt_hits_next_call": (25, "an interrupt hits the read that it was meant for"),
    "failure_takes_its_batch_along": (12, "what comes out of a program was put into it"),
    "withdrawn_row_is_stored": (0, "what comes out of a program was put into it"),
    "batch_is_run_again_on_top": (
        0,
        "what a caller was told is stored is stored, in the order of the calls, and nothing else is",
    ),
    "two_updates_race": (
        0,
        "what a caller was told is stored is stored, in the order of the calls, and nothing else is",
    ),
}
"""By defect: the first seed that finds it, and the promise that it finds broken."""


@pytest.mark.parametrize("name", PLANTED)
def test_planted_defect_is_found(name):
    seed, promise = FOUND[name]
    with with_defect(name), pytest.raises(Broken) as caught:
        run_core_programs(seed, Trace())
    assert caught.value.invariant == promise
    assert str(caught.value).startswith(f"seed {seed}, ")


def test_every_defect_says_what_goes_wrong():
    assert [name for name, defect in PLANTED.items() if not (defect.__doc__ or "").endswith(".")] == []


def test_defects_are_found_soon_enough():
    assert set(FOUND) == set(PLANTED)
    assert max(seed for seed, _ in FOUND.values()) < SEEDS


def test_nothing_stays_planted():
    """Each of these seeds finds nothing once its defect is gone."""
    for seed in sorted({seed for seed, _ in FOUND.values()}):
        run_core_programs(seed, Trace())
