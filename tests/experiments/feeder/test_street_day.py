"""A tariff that opens at 18:00 breaks a street's voltages; the layer that knows phases keeps them, at equal energy."""

from pathlib import Path

import pytest

from experiments.feeder.three_phases import LOWEST_V
from experiments.published.feeder.street_day import CONTROLLERS, SCENARIO
from experiments.publishing.metric_rows import runs
from testbed.metrics.of_runs import compute_metrics

pytest.importorskip("opendssdirect")


@pytest.mark.slow
def test_coordination_keeps_what_the_tariff_breaks(tmp_path: Path) -> None:
    results = dict(zip(CONTROLLERS, runs(tmp_path, SCENARIO, CONTROLLERS), strict=True))
    figures = {name: compute_metrics(result) for name, result in results.items()}
    assert figures["tariff"]["supply_min_v"] < LOWEST_V - 5.0
    assert figures["bilayer"]["supply_min_v"] > LOWEST_V
    assert figures["bilayer"]["phase_loading_max_percent"] <= 100.0 < figures["tariff"]["phase_loading_max_percent"]
    for name, result in results.items():
        assert figures[name]["departures_short_kwh"] == 0.0
        assert abs(figures[name]["steadiness_percent"]) < 1.0, "what they take in a day is what they drive"
        plugged = result.district("street", "plugged_count").sum(axis=1)
        assert plugged[18 * 4] == 40, "all plugged in when the tariff opens"
    driven = [float(result.district("street", "driven_kwh").sum()) for result in results.values()]
    assert driven[0] == pytest.approx(driven[1], rel=0.01)
