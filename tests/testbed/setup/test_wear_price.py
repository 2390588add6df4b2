"""How far cars drive, from which their wear by time is told from that by use."""

import numpy as np
import pytest

from models.mobility.timetable import Timetable
from testbed.setup.wear_price import km_per_day


def test_written_trips_count_by_the_days_on_which_they_are_driven() -> None:
    """Two cars: 10 km there and 10 back on five days, and 70 km on a Saturday; 170 km in 14 days of a car."""
    workdays, saturday = np.arange(7) < 5, np.arange(7) == 5
    trips = Timetable(cars=2, car=np.array([0, 0, 1]), on_day=np.stack([workdays, workdays, saturday]),
                      depart_h=np.array([8.0, 17.0, 9.0]), duration_h=np.full(3, 0.5), zone=np.array([2, 0, 1]),
                      distance_km=np.array([10.0, 10.0, 70.0]))
    assert km_per_day(trips) == pytest.approx(170 / 14)
