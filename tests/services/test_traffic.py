"""What a stand-in counts (contract)."""

from __future__ import annotations

from trio_pipeline.services.traffic import Traffic


def test_counts_requests_by_kind():
    traffic = Traffic()
    for kind in ("pdf", "pdf", "listing"):
        traffic.arrived(kind, 0).leave()
    assert traffic.statistics()["requests"] == {"listing": 1, "pdf": 2}


def test_most_in_flight_is_kept():
    traffic = Traffic()
    visits = [traffic.arrived("pdf", 0), traffic.arrived("pdf", 0), traffic.arrived("listing", 0)]
    for visit in visits:
        visit.leave()
    traffic.arrived("pdf", 0)
    statistics = traffic.statistics()
    assert statistics["in_flight_max"] == {"all": 3, "listing": 1, "pdf": 2}
    assert statistics["in_flight"] == 1


def test_leaving_twice_counts_once():
    traffic = Traffic()
    visit = traffic.arrived("pdf", 0)
    visit.leave()
    visit.leave()
    assert traffic.statistics()["in_flight"] == 0


def test_smallest_spacing_is_kept():
    traffic = Traffic()
    for kind, now in (("pdf", 0.0), ("listing", 3.0), ("pdf", 5.0), ("pdf", 9.0)):
        traffic.arrived(kind, now)
    assert traffic.statistics()["spacing_min"] == {"all": 2.0, "pdf": 4.0}


def test_one_request_has_no_spacing():
    traffic = Traffic()
    traffic.arrived("pdf", 1.0)
    assert traffic.statistics()["spacing_min"] == {}
