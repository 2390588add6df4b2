"""Pictures show the numbers of their tables."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.claims import place_tables
from experiments.claims.hours import FIRST_LINE
from experiments.claims.objective_tables import EMISSIONS
from experiments.published.feeder import layers
from experiments.published.system import claims_day, league, paper_claims
from experiments.publishing.drawing import sheet
from experiments.publishing.tables import PublishedError, Row


def words(axes: Any) -> list[str]:
    return [text.get_text().strip() for text in axes.texts]


def test_savings_lie_left_of_costs_and_the_sum_is_told() -> None:
    axes = sheet(3, 2).subplots()
    claims_day.cost_bar(axes, 0, {"total_cost_usd_adjusted": 4.0, "total_cost_usd": -4.0, "operating_cost_usd": -5.0,
                                  "imbalance_cost_usd": 1.0})
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert spans == [(0.0, -5.0), (0.0, 1.0), (1.0, 9.0)]
    assert words(axes) == ["+4.0"]


def test_an_hour_is_filled_where_fewer_units_run() -> None:
    axes = sheet(3, 2).subplots()
    claims_day.hour_row(axes, 0, [3, 24], "black")
    squares, = axes.collections
    assert [hour for hour, face in enumerate(squares.get_facecolor(), 1) if face[0] == 0] == [3, 24]
    assert words(axes) == ["2 h"]


def test_each_way_to_plan_has_its_bar_and_number() -> None:
    axes = sheet(3, 2).subplots()
    layers.bars(axes, {"bilayer": 1.1, "bilayer_envelope": 0.9, "bilayer_coordinated": 0.4, "joint": 0.1})
    assert words(axes) == ["1.1 %", "0.9 %", "0.4 %", "0.1 %"]


# ---------------------------------------------------------------- the paper's claims
def setting(label: str, hours: int) -> Row:
    return {"setting": label, paper_claims.COUNT: str(hours)}


GRID = [setting(FIRST_LINE.label, 7), setting("scheduled, tariff off, wear 53.6, carbon 0, wind and sun", 7),
        setting("deliverable, tariff on, wear 0, carbon 0, wind and sun", 17)]


def test_settings_of_equal_hours_lie_on_each_other() -> None:
    axes = sheet(3, 2).subplots()
    paper_claims.stack_up(axes, GRID)
    assert [tuple(dot.get_offsets()[0]) for dot in axes.collections] == [(7, 0), (7, 1), (17, 0)]
    assert [paper_claims.looks(row) for row in GRID] == [(False, False), (True, True), (False, True)]


def test_the_claim_s_own_setting_stands_out_among_all() -> None:
    strip = paper_claims.hours_strip(GRID)
    assert (strip.values, strip.bounds) == ([7], [7, 7, 17])


def test_emissions_are_against_cars_left_alone() -> None:
    tons = {"no_pev": "90", "uncoordinated": "1,000", "temporal": "1,025"}
    rows = [{"scenario": "a", "emissions": "linear", "controller": name, "CO2 t": text} for name, text in tons.items()]
    assert paper_claims.emissions_strip(rows).values == [pytest.approx(2.5)]


def end(variant: str, charging: float, discharging: float) -> Row:
    return {"zone_map": "contiguous", "scale": "0.83", "variant": variant, "marginal_at_charge": str(charging),
            "marginal_at_discharge": str(discharging), "marginal_even": "0", "marginal_even_discharge": "0",
            "correlation": "0"}


def test_published_verdicts_are_judged_setting_by_setting() -> None:
    """What stood in the table was the sign of a mean, a bound, and any rise at all."""
    def verdict(claim: str, measured: str, holds: str) -> Row:
        return {"claim": claim, "measured": measured, "holds": holds, "switches": "there; 2 seeds"}

    told = [verdict(place_tables.ENDS, "buses; guided against pro rata: charging at buses -0.1, discharging at +0.1",
                    "yes"),
            verdict(place_tables.LOSSES, "guided public 1.0: +2.34 %; migrate public 1.0: +6.59 %", "partly"),
            verdict(EMISSIONS, "", "no"), verdict("another", "", "yes")]
    tons = [{"scenario": day, "emissions": "linear", "controller": name, "CO2 t": text} for day, name, text in (
        ("a", "uncoordinated", "100"), ("a", "temporal", "101"),
        ("b", "uncoordinated", "100"), ("b", "temporal", "99"))]
    ends, losses, emissions, other = paper_claims.judged(told, tons, [
        end("guided", 0.03, 0.07), end("pro_rata", 0.04, 0.08)])
    assert ends["measured"] == ("buses; guided against pro rata, kW/kW: contiguous 0.83: charging at buses -0.0100, "
                                "discharging at -0.0100")
    assert (ends["holds"], losses["holds"], emissions["holds"], other) == ("partly", "no", "partly", told[3])
    assert losses["switches"] == f"{place_tables.BOUND_ALONE}: there; 2 seeds"


def test_numbers_of_a_verdict_are_read_or_missed_aloud() -> None:
    assert paper_claims.numbers("guided public 0.83: +2.59 %; migrate public 1.0: -6 %",
                                r"(\w+) \w+ [\d.]+: ([+-][\d.]+) %") == [("guided", "+2.59"), ("migrate", "-6")]
    with pytest.raises(PublishedError, match="has nothing like"):
        paper_claims.numbers("other words", r"by ([\d.]+) %")


# ---------------------------------------------------------------- the league
@pytest.mark.parametrize(("score", "shown"), [("100", "**+22 ± 5**"), ("", "+22 ± 5")])
def test_what_the_plans_gap_hides_is_not_bold(score: str, shown: str) -> None:
    row = {"scenario": "smoke", "controller": "a", "score": score, "saved_usd": "22", "saved_ci95_usd": "5",
           "service": ""}
    assert shown in league.table_of("smoke").render([row]).split("|")[-3]
    assert ("**" in league.table_of("smoke").render([row])) is bool(score)
