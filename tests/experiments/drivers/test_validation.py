"""Distances between recorded and simulated stays."""

import numpy as np
import pytest

from experiments.drivers import validation
from experiments.drivers.validation import Stays, distances, plugged_by_hour, recorded

HOUR, DAY = 3600, 86_400


def test_plugged_cars_by_hour():
    # 08:30 to 10:30 on the first day, 23:00 (exactly) to 25:30
    share = plugged_by_hour(np.array([8 * HOUR + 1800, 23 * HOUR]), np.array([10 * HOUR + 1800, 25 * HOUR + 1800]))
    assert np.flatnonzero(share).tolist() == [0, 1, 9, 10, 23]


def test_a_shift_is_its_own_distance():
    a = Stays(np.array([8.0, 9.0]), np.array([4.0, 5.0]), np.array([10.0, 20.0]), np.zeros(24))
    b = Stays(a.arrival + 1.5, a.dwell, a.energy - 3.0, np.ones(24))
    assert distances(a, b) == pytest.approx({"arrival": 1.5, "dwell": 0.0, "energy": 3.0, "plugged": 1.0})


def test_recorded_sessions_are_of_weekdays():
    stays = recorded("caltech2019")
    assert 3_000 < stays.arrival.size < 3_527 and stays.dwell.min() >= 0.5
    assert np.argmax(stays.plugged) in range(10, 16)


def test_curves_are_densities_of_their_bins():
    stays = Stays(np.array([8.0, 8.1, 9.0]), np.ones(3), np.ones(3), np.linspace(0, 1, 24))
    rows = validation.curves({"x": stays})
    arrivals = [(float(value), float(density)) for _, name, value, density in rows if name == "arrival"]
    assert sum(density for _, density in arrivals) * 0.5 == pytest.approx(1.0, abs=1e-4)
    assert max(arrivals, key=lambda arrival: arrival[1])[0] == 8.25
    assert [row[2:] for row in rows if row[1] == "plugged"][-1] == ("23", "1")


@pytest.mark.slow
def test_the_whole_page_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(validation, "CARS", 60)
    monkeypatch.setattr(validation, "DAYS", 1)
    assert validation.main(["-o", str(tmp_path)]) == 0
    made = {path.name for path in tmp_path.iterdir()}
    assert {"distances.csv", "medians.csv", "trips.csv", "home.csv", "validation.png"} <= made
