"""What is known of a battery whose telemetry is lost: the SOC at plug-in, or as last heard."""

import numpy as np
import pytest

from models.drivers.behaviours import COMPLIED, IGNORES, ZONE_OUT, code_of, is_silent
from models.drivers.telemetry import ReportedSoc
from models.records.vehicles import PresenceTable

TELEMETRY_LOST = code_of("telemetry_lost")


def presence(behaviour, *, plugged=1.0, departs=False, arrives=False, arrived_behaviour=COMPLIED):
    """One car."""
    return PresenceTable(
        stay_fraction=np.array([plugged]), driven_kwh=np.zeros(1), arrived_fraction=np.array([0.5 * arrives]),
        arrived_bus_index=np.array([3 if arrives else -1]), behaviour=np.array([behaviour]),
        arrived_behaviour=np.array([arrived_behaviour]), override_s=np.array([10**9]), departs=np.array([departs]),
        arrived_departure_s=np.array([10**9]), arrived_soc_wanted=np.array([0.8]),
        arrived_stay_fraction=np.array([0.5 * arrives]), queue_length=np.zeros(1, dtype=np.int64))


def test_only_lost_telemetry_and_outages_are_silent():
    assert list(is_silent(np.array([COMPLIED, IGNORES, TELEMETRY_LOST, ZONE_OUT]))) == [False, False, True, True]


@pytest.mark.parametrize(("behaviour", "known"), [(COMPLIED, [0.45, 0.55, 0.65]), (TELEMETRY_LOST, [0.4, 0.4, 0.4])])
def test_a_silent_stay_is_known_as_it_plugged_in(behaviour, known):
    """It arrives with 0.4 and charges at once."""
    reported = ReportedSoc(np.array([0.9]))
    heard = [reported.step(np.array([0.45]), np.array([0.4]), presence(COMPLIED, plugged=0.0, arrives=True,
                                                                       arrived_behaviour=behaviour))]
    heard += [reported.step(np.array([soc]), np.array([soc]), presence(behaviour)) for soc in (0.55, 0.65)]
    assert [float(soc[0]) for soc in heard] == known


def test_an_outage_in_the_middle_of_a_stay_keeps_what_was_heard_last():
    reported = ReportedSoc(np.array([0.5]))
    heard = [float(reported.step(np.array([soc]), np.array([soc]), presence(behaviour))[0])
             for soc, behaviour in ((0.6, COMPLIED), (0.7, ZONE_OUT), (0.8, ZONE_OUT), (0.85, COMPLIED))]
    assert heard == [0.6, 0.6, 0.6, 0.85]


def test_who_has_left_is_heard_again():
    reported = ReportedSoc(np.array([0.5]))
    assert reported.step(np.array([0.7]), np.array([0.7]), presence(TELEMETRY_LOST))[0] == 0.5
    assert reported.step(np.array([0.72]), np.array([0.72]), presence(TELEMETRY_LOST, departs=True))[0] == 0.72
