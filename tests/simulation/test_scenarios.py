"""Contract tests of the scenarios (pure): a seed is a world, and many seeds are everything that a world can be."""

from __future__ import annotations

import pytest

from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import parse_fault
from trio_pipeline.simulation.scenario import EDITIONS, SIZES, draw_scenario

MANY = [draw_scenario(seed) for seed in range(400)]
LIVES = [life for scenario in MANY for life in scenario.lives]


def test_seed_is_a_world():
    assert draw_scenario(7) == draw_scenario(7)
    assert draw_scenario(7) != draw_scenario(8)


@pytest.mark.parametrize("name", ["archive", "layout", "extract", "court_interval", "patience", "queue", "weather"])
def test_all_values_occur(name):
    values = {getattr(scenario, name) for scenario in MANY}
    assert len(values) >= {"archive": 3, "queue": 4}.get(name, 2)


def test_gazettes_are_ones_that_exist():
    for scenario in MANY:
        editions = [edition for edition, _ in scenario.gazettes]
        assert 2 <= len(editions) == len(set(editions)) <= 8
        assert set(editions) <= set(range(EDITIONS))
        assert {size for _, size in scenario.gazettes} <= set(SIZES)


def test_faults_are_ones_that_the_stand_ins_know():
    faults = [parse_fault(text) for scenario in MANY for text in scenario.faults]
    assert {"block-page", "answer-lost", "stall", "redirect", "lost", "trickle"} <= {fault.name for fault in faults}
    elsewhere = {"tjro-listing", "archive-search", "archive-write", "gemini"}
    assert {fault.where for fault in faults} >= FAULTS.keys() - elsewhere
    assert any(fault.retry_after for fault in faults)


def test_court_alone_fails_where_there_is_no_other():
    places = {
        text.split(":")[0] for scenario in MANY if scenario.archive != "internet-archive" for text in scenario.faults
    }
    assert places == {"tjro", "tjro-robots"}


def test_world_keeps_something():
    assert all(scenario.archive != "none" or scenario.extract for scenario in MANY)


def test_lives_crash_or_do_not():
    assert {life.crash_at is None for life in LIVES} == {True, False}
    assert {life.schedule for life in LIVES} == {"walk", "priorities", "order"}
    assert {act.what for life in LIVES for act in life.acts} >= {"signal", "drain", "retry", "decisions"}
    assert any(life.outages for life in LIVES)
    assert any(life.room for life in LIVES)


def test_disks_and_databases_fail():
    assert {life.disk_error > 0 for life in LIVES} == {True, False}
    assert {life.busy_database > 0 for life in LIVES} == {True, False}
    assert {life.full_database > 0 for life in LIVES} == {True, False}
    assert {decay for life in LIVES for decay in life.decays} == {"spool changes", "spool loses", "archive changes"}


def test_crash_comes_at_a_step_or_after_something_was_done():
    assert all(life.crash_at is None or life.crash_after is None for life in LIVES)
    places = {life.crash_after[0] for life in LIVES if life.crash_after}
    assert places == {"database", "network", "spool", "archive", "text"}


def test_second_signal_may_follow_at_once():
    times = [[act.after for act in life.acts if act.what == "signal"] for life in LIVES]
    assert any(second - first < 1.0 for first, second, *_ in filter(lambda one: len(one) > 1, times))


def test_archive_may_hold_something_from_the_beginning():
    held = [(scenario, *one) for scenario in MANY for one in scenario.held]
    assert {kind for _, _, kind in held} == {"same", "other"}
    assert all(edition in {number for number, _ in scenario.gazettes} for scenario, edition, _ in held)
    assert all(scenario.archive != "none" for scenario, _, _ in held)


def test_acts_are_in_order():
    assert all([act.after for act in life.acts] == sorted(act.after for act in life.acts) for life in LIVES)


def test_spool_may_be_too_small_for_one():
    assert any(scenario.spool_limit < max(size for _, size in scenario.gazettes) for scenario in MANY)
