"""Rules that share a street's room among customers: what a seed draws, one hour of it, and means over seeds."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.spatial.three_phase.envelopes import RULES
from experiments.feeder import envelope_rules as study
from experiments.feeder.hosting_street import STEPS, Street
from experiments.published.feeder.envelope_rules import means

pytest.importorskip("opendssdirect")
EVENING = 6
"""Step of 18:00: days begin at noon."""


@pytest.fixture(scope="module")
def street():
    return Street()


def test_a_seed_draws_cars_and_days_once_for_all_rules(street):
    draw, again, other = (study.drawn(street, seed) for seed in (3, 3, 4))
    assert draw.has_car.sum() == study.CARS and set(draw.charger_kw) == {0.0, *study.CHARGERS_KW}
    np.testing.assert_array_equal(draw.charger_kw, again.charger_kw)
    assert (draw.charger_kw != other.charger_kw).any()
    assert sorted(map(tuple, draw.real_kw)) == sorted(map(tuple, street.house_kw))


def test_each_rule_is_what_it_says(street):
    draw = study.drawn(street, 0)
    rows = {rule: study.of_rule(street, draw, 0, rule, [EVENING]) for rule in RULES}
    assert rows["equal"].gini == pytest.approx(0.0, abs=1e-9)
    assert rows["equal"].least_kwh == pytest.approx(
        (rows["equal"].import_kwh + rows["equal"].export_kwh) / study.CARS)
    energy = {rule: row.import_kwh + row.export_kwh for rule, row in rows.items()}
    assert max(energy, key=energy.get) == "most_energy" and rows["most_energy"].gini > rows["least_regret"].gini
    assert rows["proportional"].gini == pytest.approx(
        study.gini(draw.charger_kw, draw.has_car), rel=1e-6)


def test_what_is_published_is_safe_while_houses_draw_what_was_forecast(street):
    draw = study.drawn(street, 0)
    as_forecast = replace(draw, real_kw=np.tile(street.house_kw.mean(axis=0), (street.houses, 1)))
    row = study.of_rule(street, as_forecast, 0, "most_energy", [EVENING])
    assert (row.broken_percent, row.broken_hours, row.refused_hours) == (0.0, 0, 0) and row.import_kwh > 10


def test_means_and_sums_are_over_seeds():
    rows = [study.RuleRow(seed, "equal", 10.0 + seed, 4.0, 0.2, 0.0, 1.0, 0.3, seed, 1) for seed in range(3)]
    row = means("equal", rows)
    assert (row["import_kwh"], row["hours"], row["broken_hours"], row["refused_hours"]) == (
        "11.0", str(3 * STEPS), "3", "3")
    assert float(row["import_kwh_ci95"]) == pytest.approx(4.302652729911275 / np.sqrt(3))
