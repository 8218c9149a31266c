"""Which requests a fault hits, and how it is written (contract)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import Fault, FaultPlan, FaultSyntaxError, parse_fault


class TestParsing:
    def test_share(self):
        assert parse_fault("tjro:reset=0.1") == Fault("tjro", "reset", 0.1, "share")

    def test_count_after_some(self):
        assert parse_fault("tjro:block-page=2x@35") == Fault("tjro", "block-page", 2, "count", 35)

    def test_seconds(self):
        assert parse_fault("tjro-listing:block-page=600s") == Fault("tjro-listing", "block-page", 600, "seconds")

    def test_pace(self):
        assert parse_fault("tjro:unavailable=20/min") == Fault("tjro", "unavailable", 20, "pace")

    def test_retry_after(self):
        assert parse_fault("archive:slow-down=1x,retry-after=30").retry_after == 30

    def test_space_around(self):
        assert parse_fault(" archive:answer-lost=1 ").name == "answer-lost"

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("tjro:rest=3x", "did you mean reset"),
            ("trjo:reset=3x", "did you mean tjro"),
            ("tjro:answer-lost=1x", "not a fault of tjro"),
            ("archive-search:zzz=1x", "internal, malformed, not-json, refuse"),
            ("tjro:reset=3", "a count is written 3x"),
            ("tjro:reset=1.5x", "whole number"),
            ("tjro:reset=1.5/min", "whole number"),
            ("tjro:reset", "WHERE:FAULT=AMOUNT"),
            ("tjro:reset=-1", "WHERE:FAULT=AMOUNT"),
            ("", "WHERE:FAULT=AMOUNT"),
        ],
    )
    def test_mistake_says_what_would_be_right(self, text, hint):
        with pytest.raises(FaultSyntaxError, match=hint):
            parse_fault(text)

    @given(st.sampled_from([(where, name) for where, names in FAULTS.items() for name in names]))
    def test_every_listed_fault_can_be_written(self, pair):
        where, name = pair
        assert parse_fault(f"{where}:{name}=1x") == Fault(where, name, 1, "count")


def drawn(plan, requests, *, where="tjro"):
    return [fault and fault.name for fault in (plan.draw(where, path, now) for path, now in requests)]


class TestCounts:
    def test_first_requests_are_hit(self):
        plan = FaultPlan([parse_fault("tjro:reset=2x")])
        assert drawn(plan, [("a", 0), ("b", 0), ("c", 0)]) == ["reset", "reset", None]

    def test_those_before_go_by(self):
        plan = FaultPlan([parse_fault("tjro:reset=1x@2")])
        assert drawn(plan, [("a", 0)] * 4) == [None, None, "reset", None]

    def test_other_kinds_are_not_counted(self):
        plan = FaultPlan([parse_fault("tjro:reset=1x")])
        assert drawn(plan, [("a", 0)], where="archive") == [None]
        assert drawn(plan, [("a", 0)]) == ["reset"]

    def test_first_rule_wins_and_second_waits(self):
        plan = FaultPlan([parse_fault("tjro:reset=1x"), parse_fault("tjro:refuse=1x")])
        assert drawn(plan, [("a", 0)] * 3) == ["reset", "refuse", None]


class TestSeconds:
    def test_lasts_from_first_hit(self):
        plan = FaultPlan([parse_fault("tjro:block-page=600s@1")])
        times = [0, 100, 699, 700, 701]
        assert drawn(plan, [("a", now) for now in times]) == [None, "block-page", "block-page", None, None]


class TestShares:
    def test_none_and_all(self):
        assert drawn(FaultPlan([Fault("tjro", "reset", 0, "share")]), [("a", 0)] * 20) == [None] * 20
        assert drawn(FaultPlan([Fault("tjro", "reset", 1, "share")]), [("a", 0)] * 20) == ["reset"] * 20

    @given(st.integers(), st.permutations([f"{number}.pdf" for number in range(12)]))
    def test_order_of_arrival_is_irrelevant(self, seed, order):
        def hit(paths):
            plan = FaultPlan([parse_fault("tjro:reset=0.5")], seed=seed)
            return {path for path in paths if plan.draw("tjro", path, 0)}

        assert hit(order) == hit(sorted(order))

    def test_repeat_is_drawn_anew(self):
        plan = FaultPlan([parse_fault("tjro:reset=0.5")], seed=1)
        assert set(drawn(plan, [("a", 0)] * 30)) == {"reset", None}

    def test_seed_chooses(self):
        def hit(seed):
            plan = FaultPlan([parse_fault("tjro:reset=0.5")], seed=seed)
            return drawn(plan, [(f"{number}", 0) for number in range(40)])

        assert hit(1) == hit(1)
        assert hit(1) != hit(2)

    def test_share_is_about_right(self):
        plan = FaultPlan([parse_fault("tjro:reset=0.1")], seed=5)
        names = drawn(plan, [(f"{number}", 0) for number in range(2000)])
        assert 150 < names.count("reset") < 250


class TestPaces:
    def test_what_is_beyond_is_hit_and_does_not_count(self):
        plan = FaultPlan([parse_fault("tjro:unavailable=2/min")])
        moments = [0, 10, 20, 59, 60, 69, 70]
        assert drawn(plan, [("a", now) for now in moments]) == [
            None,
            None,
            "unavailable",
            "unavailable",
            None,
            "unavailable",
            None,
        ]

    def test_those_before_go_by_uncounted(self):
        plan = FaultPlan([parse_fault("tjro:unavailable=1/min@2")])
        assert drawn(plan, [("a", 0)] * 4) == [None, None, None, "unavailable"]

    def test_what_another_rule_has_hit_is_not_counted(self):
        plan = FaultPlan([parse_fault("tjro:reset=1x"), parse_fault("tjro:unavailable=1/min")])
        assert drawn(plan, [("a", 0)] * 3) == ["reset", None, "unavailable"]
