"""What cars count for as capacity: it falls with refusal and with what refusals share, and the command draws it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from experiments.drivers.capacity_credit import TABLE, Credit, credit_of, main

SMALL = ("system.unit_scale=0.01", "profiles.load_peak_mw=15", "profiles.wind_capacity_mw=1.5",
         "profiles.pv_capacity_mw=1", "objective.wear_usd_per_mwh=0")


@pytest.fixture(scope="module")
def by_law() -> dict[tuple[float, float], Credit]:
    """By compliance and correlation."""
    points = ((1.0, 0.0), (1.0, 0.2), (0.6, 0.0), (0.6, 0.2))
    return {(rate, rho): credit_of("smoke", rate, 1.0, rho, SMALL) for rate, rho in points}


@pytest.mark.slow
def test_where_all_comply_correlation_means_nothing(by_law: dict[tuple[float, float], Credit]) -> None:
    alone, together = by_law[1.0, 0.0], by_law[1.0, 0.2]
    assert alone.phi == 1.0
    assert alone.credit_mw == together.credit_mw > 0


@pytest.mark.slow
def test_refusal_costs_credit_and_shared_refusal_more(by_law: dict[tuple[float, float], Credit]) -> None:
    full, apart, together = by_law[1.0, 0.0], by_law[0.6, 0.0], by_law[0.6, 0.2]
    assert full.phi > apart.phi > together.phi
    assert full.credit_mw > apart.credit_mw > together.credit_mw


@pytest.mark.slow
def test_the_credit_is_no_more_than_chargers_give(by_law: dict[tuple[float, float], Credit]) -> None:
    slow_kw, cars_that_give_back = 7.0, 17  # taxis do not
    assert by_law[1.0, 0.0].credit_mw * 1000 <= cars_that_give_back * slow_kw


@pytest.mark.slow
def test_the_command_writes_table_and_figure(tmp_path: Path) -> None:
    grid = ["--scenario", "smoke", "--compliance", "0.6", "1", "--plug-in", "1", "--rho", "0"]
    assert main([*grid, "--set", *SMALL, "-o", str(tmp_path)]) == 0
    with (tmp_path / TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["compliance"]) for row in rows] == [0.6, 1.0]
    assert all((tmp_path / f"capacity_credit{suffix}").stat().st_size for suffix in (".png", ".svg"))
