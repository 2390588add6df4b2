"""Load, wind and sun as a simulator, and what others say of them."""

from pathlib import Path

import numpy as np
import pytest

from testbed.peers.told import TOLD, told_as
from testbed.scenario.loading import load_scenario
from testbed.simulators.adapter import SYSTEM
from testbed.simulators.profiles import ProfilesSimulator
from testbed.wiring.run_spec import RunSpec


@pytest.fixture(scope="module")
def profiles():
    made = ProfilesSimulator()
    made.spec = RunSpec(load_scenario("smoke", ["step_s=3600"]), "no_pev", 1, Path())
    made.entities = [SYSTEM, "feeder33", "rest"]
    made.build(made.spec)
    return made


@pytest.mark.parametrize("is_peer", [True, False])
def test_words_that_are_in_no_table_are_taken_where_there_are_simulators_of_others(is_peer) -> None:
    peer = "simulators={a: {place: added, start: 'python: no:It', model: M, hears: {load_mw: {attribute: x}}}}"
    spec = RunSpec(load_scenario("smoke", [peer] if is_peer else []), "no_pev", 1, Path("unused.h5"))
    meta = ProfilesSimulator().init("a", 1.0, spec=spec.to_json(), ledger_dir=None)
    assert {model.get("any_inputs", False) for model in meta["models"].values()} == {is_peer}


def said(profiles, entity=SYSTEM, **numbers):
    """What it says at midnight when others tell these numbers of an entity."""
    told = {told_as(*name.split("__")): value for name, value in numbers.items()}
    return profiles.advance(0, {entity: {TOLD: told}})


def test_a_load_that_others_tell_is_that_of_the_system_and_of_buses_in_proportion(profiles) -> None:
    own, told = profiles.advance(0, {}), said(profiles, load_mw=1000.0)
    assert told[SYSTEM]["load_mw"] == 1000.0
    share = 1000.0 / own[SYSTEM]["load_mw"]
    assert told["feeder33"]["bus_load"].p_kw == pytest.approx(share * own["feeder33"]["bus_load"].p_kw)


def test_loads_of_buses_that_others_tell_stand_in_place_of_ours(profiles) -> None:
    own = profiles.advance(0, {})["feeder33"]["bus_load"]
    told = said(profiles, "feeder33", load_bus_kw__0=0.0, load_bus_kw__2=75.0)["feeder33"]["bus_load"]
    assert told.p_kw.tolist() == [0, 0, 75.0, *[0] * 30] and np.array_equal(told.q_kvar, own.q_kvar)


@pytest.mark.parametrize(("numbers", "message"), [
    ({"load_mw": -1.0, "wind_available_mw": -2.5}, "load_mw=-1, wind_available_mw=-2.5: allowed is 0 or more"),
    ({"wind_available_mw": 3.0, "pv_available_mw": 2.0, "must_take_mw": 6.0},
     "must_take_mw=6: allowed is at most wind and sun, 5"),
])
def test_what_cannot_be_told_is_refused(profiles, numbers, message) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        said(profiles, **numbers)
