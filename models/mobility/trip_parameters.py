"""What trips of cars are drawn from: frozen parameters of every law."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal

import numpy as np

from models.drivers.car_classes import Span
from models.mobility.timetable import Timetable
from models.records.arrays import RecordError

PrivateTrips = Literal["parametric", "survey", "home"]
THREE_LAWS = ("parametric", "taxi_shifts", "official_visits")
"""Of private cars, taxis and government cars."""


@dataclass(frozen=True)
class HomeDriving:
    """Tours of private cars; pairs are mean and standard deviation, or median and standard deviation of the logarithm.

    Hours of the day and hours, km of a whole tour.
    """

    worker_share: float = 0.6
    """Cars that are driven to work."""
    work_day_share: float = 0.8
    """Of their weekdays."""
    work_start_h: tuple[float, float] = (7.6, 1.0)
    """Leaving home, normal."""
    work_away_h: tuple[float, float] = (8.7, 1.5)
    """Away from home, normal."""
    work_km: float = 28.0
    """Mean distance there and back."""
    outing_share: tuple[float, float] = (0.88, 0.8)
    """Days without work on which a car leaves home: weekdays, weekends."""
    outing_start_h: tuple[float, float] = (12.2, 3.0)
    """Leaving home, normal."""
    outing_away_h: tuple[float, float] = (2.2, 0.8)
    """Away from home, log-normal."""
    outing_km: float = 15.0
    """Mean distance there and back, of later tours too."""
    again_share: float = 0.6
    """Returns after which the car leaves once more on the same day."""
    pause_h: tuple[float, float] = (2.8, 0.7)
    """At home before it does, log-normal."""
    again_away_h: tuple[float, float] = (1.4, 0.6)
    """Away from home then, log-normal."""
    km_scatter: float = 0.75
    """Standard deviation of the logarithm of a tour's distance around its car's mean."""
    car_scatter: float = 0.4
    """The same of a car's mean around the fleet's."""
    speed_km_per_h: float = 50.0
    """(A)"""

    def __post_init__(self) -> None:
        problems = []
        for item in fields(self):
            values = np.atleast_1d(getattr(self, item.name))
            most = 1.0 if item.name.endswith("_share") else np.inf
            if np.any(values < 0) or np.any(values > most):
                problems.append(f"{item.name}={getattr(self, item.name)} is outside 0..{most:g}")
        if not self.speed_km_per_h > 0:
            problems.append(f"speed_km_per_h={self.speed_km_per_h:g} is not above 0")
        if problems:
            raise RecordError("home driving: " + "; ".join(problems))


@dataclass(frozen=True)
class TripParameters:
    """Wishes of all classes; hours of the day, spans uniform (docs/model.md 6.6)."""

    last_arrival_h: Span = (17.6, 3.4)
    """Mean and standard deviation, private cars (K)."""
    first_departure_h: Span = (8.92, 3.24)
    """Mean and standard deviation, private cars (K)."""
    log_miles: Span = (3.2, 0.88)
    """Mean and standard deviation of ln(daily distance in MILES), private cars (K)."""
    office_share: float = 0.7
    """Private cars whose work is in the office zone, the others' in the commercial one (A)."""
    errand_share: float = 0.3
    """Ways home with a stop in the commercial zone (A)."""
    errand_h: Span = (0.5, 1.5)
    usual_km_per_h: float = 40.0
    fastest_km_per_h: float = 80.0
    """A day too short for its distance at the usual speed is driven up to this fast (A)."""
    government_km: Span = (40.0, 100.0)
    """Daily distance (A); official cars drive within 07-18 (K)."""
    government_return_share: float = 0.5
    """Days with a return to the office at noon (A)."""
    taxi_km: Span = (200.0, 300.0)
    """Daily distance (A)."""
    taxi_night_h: Span = (2.0, 3.5)
    """Start of the night charge; with its length it lies within 02-05 (K)."""
    taxi_noon_h: Span = (11.5, 13.0)
    """Start of the noon charge; with its length it lies within 11:30-14:30 (K)."""
    taxi_charge_h: Span = (1.0, 1.5)
    trips: PrivateTrips = "parametric"
    """Private cars' days: by the laws above, from the survey's tables (models/mobility/trips_survey.py), or as those of
    cars that charge at home (models/mobility/trips_home.py), by `home`."""
    home: HomeDriving = field(default_factory=HomeDriving)
    first_weekday: int = 0
    """Of day 0, survey and home only; 0 = Monday."""
    worker_share: float = 0.6
    """Private cars of people who work, survey only (A)."""
    laws: tuple[str | Timetable, ...] = ()
    """By class, where a scenario has classes of its own: a law's name, or trips as they are written."""
