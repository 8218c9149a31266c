"""What the network is like (contract, pure)."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from trio_pipeline.testing.weather import Forecast, Mishap, Outage, Weather

STORM = Weather(
    request_reset=0.1, answer_reset=0.1, truncated=0.1, garbled=0.1, stalled=0.1, answer_lost=0.1, first_bytes=(1, 1000)
)


class TestWeather:
    def test_nothing_happens_in_fine_weather(self):
        source = random.Random(1)
        assert {Weather().draw_mishap(source) for _ in range(1000)} == {None}

    def test_each_mishap_has_its_chance(self):
        source = random.Random(1)
        drawn = Counter(STORM.draw_mishap(source) for _ in range(10_000))
        assert drawn.keys() == {None, *Mishap}
        assert all(900 < drawn[mishap] < 1100 for mishap in Mishap)

    def test_certain_mishap_always_happens(self):
        source = random.Random(1)
        weather = Weather(truncated=1.0)
        assert {weather.draw_mishap(source) for _ in range(1000)} == {Mishap.TRUNCATED}

    def test_small_numbers_of_bytes_are_as_likely_as_large_ones(self):
        source = random.Random(1)
        drawn = [STORM.draw_first_bytes(source) for _ in range(3000)]
        assert (min(drawn), max(drawn)) == (1, 991)
        assert 850 < sum(number < 10 for number in drawn) < 1150
        assert 850 < sum(number >= 100 for number in drawn) < 1150

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"splits": 1.5}, "a chance is from 0 to 1"),
            ({"refused": -0.1}, "a chance is from 0 to 1"),
            ({"bandwidth": 0.0}, "nothing would ever arrive"),
            ({"latency": (2.0, 1.0)}, "two rising numbers"),
            ({"stall": (1.0, float("inf"))}, "two rising numbers"),
            ({"first_bytes": (0, 5)}, "from 1 on"),
            ({"truncated": 0.6, "stalled": 0.6}, "add up to 1.2"),
            ({"refused": 0.6, "unreachable": 0.6}, "add up to 1.2"),
        ],
    )
    def test_impossible_weather_is_refused(self, given, words):
        with pytest.raises(ValueError, match=words):
            Weather(**given)


class TestForecast:
    def test_one_weather_is_for_all(self):
        assert Forecast(STORM).of("court") is STORM

    def test_first_pattern_that_matches_counts(self):
        other = Weather(splits=0.0)
        forecast = Forecast({"s3.*": STORM, "s3.archive": other, "*.archive": other})
        assert forecast.of("s3.archive") is STORM
        assert forecast.of("www.archive") is other
        assert forecast.of("court") == Weather()

    def test_host_is_down_until_the_end(self):
        forecast = Forecast({}, [Outage(5.0, 9.0, "*.archive")])
        assert [forecast.is_down("s3.archive", now) for now in (4.9, 5.0, 8.9, 9.0)] == [False, True, True, False]
        assert not forecast.is_down("court", 6.0)
        assert forecast.contact_at(6.0) == 6.0

    def test_contact_is_lost_until_the_last_of_overlapping_outages(self):
        forecast = Forecast({}, [Outage(15.0, 20.0), Outage(5.0, 9.0), Outage(8.0, 12.0)])
        assert [forecast.contact_at(now) for now in (4.0, 5.0, 8.5, 12.0, 16.0)] == [4.0, 12.0, 12.0, 12.0, 20.0]
        assert not forecast.is_down("court", 6.0)

    @pytest.mark.parametrize(("begins", "ends"), [(5.0, 5.0), (6.0, 5.0), (5.0, float("inf"))])
    def test_outage_has_a_length_and_an_end(self, begins, ends):
        with pytest.raises(ValueError, match="no end or no length"):
            Outage(begins, ends)
