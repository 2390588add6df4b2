"""Generation that buses may be told to curtail: what comes, what the limit lets through, and alterations of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.finding import AuditError
from audit.network import curtailed_mw, loads_taken
from audit.rules.bus_loads import loads_of_buses
from audit.rules.generation import curtailed_generation
from audit.run import Run
from tests.audit.made import district, run, said

SUN = np.array([0.0, 10.0, 30.0])
"""kW that a roof at bus 3 gives by its series; beside it 5 kW are fixed. At bus 2 one draws 1 kW, and gives nothing."""
HONEST: dict[str, Any] = {
    "generation_fixed_kw": np.array([1.0, -5.0]), "series_bus": [2, 3], "series_is_generation": [0, 1],
    "series_kw": [2.0, -1.0], "series_kvar": [1.0, 0.0], "series_source": np.array(["house", "roof"], dtype=object),
    "generation_available_kw": np.stack([SUN * 0.0, SUN + 5.0], axis=1),
    "generation_limit_kw": np.array([[np.nan, np.nan], [np.nan, 20.0], [np.nan, 20.0]]),
    "generation_curtailed_kw": np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 15.0]]),
    "load_follow_kw": [0.0, 4.0, 0.0], "load_follow_kvar": [0.0, 2.0, 0.0], "load_fixed_kw": [0.0, 0.0, -5.0],
    "load_fixed_kvar": [0.0, 0.0, 0.0], "load_bus_kw": np.array([[0, 4.0, -5], [0, 4.0 + 2, -15], [0, 4.0 + 4, -35]]),
    "load_bus_kvar": np.array([[0, 2.0, 0], [0, 2.0 + 1, 0], [0, 2.0 + 2, 0]])}
"""Three hours of a street in which a house draws 0, 2 and 4 kW beside the 4 kW that follow the system's load."""
TEXT = "house,roof\n" + "".join(f"{hour},{sun}\n" for hour, sun in enumerate(SUN)) + "0,0\n" * 21


def of(held: dict[str, str] | None = None, buses: Any = (2, 3), **arrays: Any) -> Run:
    told = {"file": "nowhere.csv", "start_date": None, "resolution_s": 3600}
    street = district({**HONEST, **arrays}, axes={"bus": [1, 2, 3], "generation_bus": buses}, series=told)
    return run(street, steps=3, inputs={"series_street": TEXT} if held is None else held,
               arrays={"load_mw": [100.0] * 3}, attributes={"load_peak_mw": 100.0})


def test_an_honest_street_contradicts_nothing() -> None:
    assert said(curtailed_generation, of()) == said(loads_of_buses, of()) == []
    p_kw, _ = loads_taken(of().districts[0])
    assert p_kw.tolist() == [[0, 4, -5], [0, 6, -15], [0, 8, -20]], "what is curtailed is not given"
    assert curtailed_mw(of().networks, 3).tolist() == [0.0, 0.0, 0.015]


@pytest.mark.parametrize(("name", "at", "value", "told"), [
    ("generation_curtailed_kw", (2, 1), 14.0, ["curtailed by the limit at bus 3, 2: 1 kW"]),
    ("generation_curtailed_kw", (0, 1), 1.0, ["curtailed by the limit at bus 3, 0: 1 kW"]),
    ("generation_curtailed_kw", (2, 1), 36.0, ["curtailed at bus 3, 2: 1", "curtailed by the limit at bus 3, 2: 21"]),
    ("generation_limit_kw", (2, 1), 21.0, ["curtailed by the limit at bus 3, 2: 1 kW"]),
    ("generation_limit_kw", (1, 0), -1.0, ["curtailed by the limit at bus 2, 1: 1 kW", "limit at bus 2, 1: 1 kW"]),
    ("generation_available_kw", (1, 1), 15.5, ["given by generators at bus 3, 1: 0.5 kW"]),
    ("generation_fixed_kw", (1,), -4.0, ["given by generators at bus 3, 0: 1 kW"])])
def test_an_altered_value_is_told_by_bus_and_hour(name: str, at: tuple[int, ...], value: float,
                                                  told: list[str]) -> None:
    values = np.array(HONEST[name], dtype=np.float64)
    values[at] = value
    found = said(curtailed_generation, of(**{name: values}))
    assert len(found) == len(told)
    assert all(line.startswith(f"street: {words}") for line, words in zip(found, told, strict=True))


def test_a_load_that_is_not_its_series_is_told() -> None:
    drawn = HONEST["load_bus_kw"] + np.array([[0, 0, 0], [0, 0.25, 0], [0, 0, 0]])
    assert said(loads_of_buses, of(load_bus_kw=drawn)) == ["street: load at bus 2, 1: 0.25 kw"]


def test_a_load_that_a_simulator_of_others_told_is_not_judged() -> None:
    told = of(load_bus_kw=HONEST["load_bus_kw"] + 3.0)
    told.scenario["simulators"] = {"meter": {"place": "profiles", "district": "street", "gives": {"load_bus_kw": {}}}}
    assert said(loads_of_buses, told) == []
    reactive = of(load_bus_kvar=HONEST["load_bus_kvar"] + np.array([0.0, 0.5, 0.0]))
    reactive.scenario["simulators"] = told.scenario["simulators"]
    assert said(loads_of_buses, reactive) == ["street: load at bus 2, 0: 0.5 kvar"]


def test_an_array_that_a_file_lacks_is_named() -> None:
    plain = district({}, axes={"bus": [1]})
    with pytest.raises(AuditError, match=r"^districts/street holds no load_follow_kw$"):
        said(loads_of_buses, run(plain, steps=1, arrays={"load_mw": [1.0]}, attributes={"load_peak_mw": 1.0}))


def test_where_a_series_is_not_at_hand_what_hangs_on_it_is_not_judged() -> None:
    """What the limit lets through is judged all the same."""
    altered = {"generation_available_kw": HONEST["generation_available_kw"] + 1.0}
    assert said(curtailed_generation, of({}, **altered)) == ["street: curtailed by the limit at bus 3, 2: 1 kW"]
    assert said(loads_of_buses, of({}, load_bus_kw=HONEST["load_bus_kw"] + 1.0)) == []


def test_without_series_generators_give_what_is_fixed() -> None:
    held = {name: values for name, values in HONEST.items() if not name.startswith("series_")} | {
        "generation_available_kw": np.array([[0.0, 5.0]] * 3), "generation_curtailed_kw": np.zeros((3, 2))}
    street = district(held, axes={"bus": [1, 2, 3], "generation_bus": [2, 3]})
    assert said(curtailed_generation, run(street, steps=3)) == []
    held["generation_available_kw"][1, 0] = 0.1
    assert said(curtailed_generation, run(street, steps=3)) == ["street: given by generators at bus 2, 1: 0.1 kW"]


def test_feeders_in_which_nothing_may_be_curtailed_and_older_files_are_left_alone() -> None:
    plain = district({"load_bus_kw": np.ones((3, 1)), "load_bus_kvar": np.ones((3, 1))}, axes={"bus": [1]})
    assert said(curtailed_generation, run(plain, steps=3)) == []
    assert loads_taken(plain)[0].tolist() == [[1.0]] * 3 and curtailed_mw((plain,), 3).tolist() == [0.0] * 3


@pytest.mark.parametrize("buses", [(2, 2), (2, 9)])
def test_a_bus_of_generators_that_is_there_twice_or_not_at_all_is_refused(buses: tuple[int, int]) -> None:
    with pytest.raises(AuditError, match=r"^districts/street/generation_bus names a bus twice, or one that there"):
        said(curtailed_generation, of(buses=buses))


def test_series_of_a_bus_or_column_that_there_is_not_are_refused() -> None:
    with pytest.raises(AuditError, match=r"^districts/street/series_bus names a bus that there is not$"):
        said(loads_of_buses, of(series_bus=[2, 9]))
    with pytest.raises(AuditError, match=r"^nowhere\.csv: has no column roof$"):
        said(loads_of_buses, of({"series_street": TEXT.replace("roof", "sun")}))
