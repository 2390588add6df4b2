"""How findings are gathered: a few of each rule, one of each fault, and what could not be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from audit.judge import MOST_PER_RULE, audit_run
from audit.run import Run

WIND = {"kind": "wind_off", "day": 1, "from_h": 5.0, "until_h": 7.0, "district": None}


def altered(run: Run, name: str, change: Any) -> Run:
    return replace(run, arrays={**run.arrays, name: change(run(name).copy())})


def test_of_very_many_places_the_first_are_told_and_how_many_there_are(placed_run: Run) -> None:
    def off(d: Any) -> Any:
        return replace(d, arrays={**d.arrays, "p_bus_kw": d("p_bus_kw") - 1e4}) if d.name == "feeder33" else d

    verdict = audit_run(replace(placed_run, districts=tuple(map(off, placed_run.districts))), only=["buses_of_zones"])
    assert len(verdict.violations) == MOST_PER_RULE + 1 and verdict.rules == 1
    *_, last = verdict.violations
    assert last.what == f"and {int(last.amount) - MOST_PER_RULE} more places" and last.amount > MOST_PER_RULE


def test_what_a_fault_explains_is_one_note_and_what_it_does_not_a_violation(placed_run: Run) -> None:
    """Wind and sun are off as the wind is: two places of one fault; another hour is not."""
    def wrong(hours: list[int]) -> Any:
        def change(values: Any) -> Any:
            values[hours] += 1.0
            return values
        return change

    faulty = replace(placed_run, scenario={**placed_run.scenario, "faults": [WIND]})
    faulty = altered(altered(faulty, "wind_available_mw", wrong([5])), "pv_available_mw", wrong([6]))
    verdict = audit_run(faulty, only=["profiles"])
    assert verdict.violations == ()
    note, = [note for note in verdict.notes if not isinstance(note, str)]
    assert str(note).startswith("note: profiles: faults.0 (wind_off): wind_available_mw (and 1 more places), step 5")
    beyond = audit_run(altered(faulty, "load_mw", wrong([12])), only=["profiles"])
    assert [finding.what for finding in beyond.violations] == ["load_mw"]


def test_it_is_told_whose_units_were_judged(placed_run: Run) -> None:
    text = "unit,p_min_mw,p_max_mw\n"
    own = replace(placed_run, inputs={"units": text}, scenario={**placed_run.scenario, "system": {
        **placed_run.part("system"), "units": "folder/mine.csv"}})
    notes, plain = (audit_run(run, only=["time_axis"]).notes for run in (own, placed_run))
    assert "thermal units are those of mine.csv, whose text the result holds" in notes
    assert not any("thermal units" in str(note) for note in plain)


def test_a_value_that_is_no_number_is_a_violation_of_no_known_amount(placed_run: Run) -> None:
    assert np.isfinite(placed_run("load_mw")).all()
    verdict = audit_run(altered(placed_run, "load_mw", lambda values: values * np.nan), only=["profiles"])
    assert len(verdict.violations) == 1 and np.isnan(verdict.violations[0].amount)
