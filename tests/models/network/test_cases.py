"""Every network of tests/cases: pandapower's own voltages, or the words that refuse it."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any

import pandapower
import pytest
import yaml

from models.network.account import NetAccount
from models.network.power_flow import ac_engine
from models.network.source import FeederLimits, feeder_from, source_of
from models.network.zones import zones_by_distance
from models.records.arrays import RecordError

CASES = sorted((Path(__file__).parents[2] / "cases").glob("n_*"))
WIDE = FeederLimits(v_min_pu=0.5, v_max_pu=1.2)
WRITTEN_TO_PU = 6e-6
"""Expected voltages are written with five digits."""


FIRST = ("n_base", "n_shunt", "n_sgen_gen", "n_trafo_offnominal", "n_index_gaps")
"""Whose accounts are looked at by the fast tests too."""


@pytest.fixture(scope="module", params=CASES, ids=lambda folder: folder.name)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    expected = yaml.safe_load((request.param / "expected.yaml").read_text(encoding="utf-8"))
    net = tmp_path_factory.mktemp("net") / expected.get("file", "net.json")
    net.write_bytes(gzip.decompress((request.param / "net.json.gz").read_bytes()))
    return str(net), expected


def limits_of(expected: dict[str, Any]) -> FeederLimits:
    return FeederLimits(v_min_pu=0.5, v_max_pu=1.2, line_rating_a=expected.get("line_rating_a"))


def account_of(net: str, expected: dict[str, Any]) -> NetAccount:
    account = source_of(net).account
    assert account is not None
    return account(net, limits_of(expected), {})


def test_a_case_is_refused_by_name_or_has_pandapowers_voltages(case: tuple[str, dict[str, Any]]) -> None:
    net, expected = case
    for words in expected.get("refused", ()):
        with pytest.raises(RecordError) as told:
            feeder_from(net, WIDE)
        assert words in str(told.value)
    if "vm_pu" not in expected:
        return
    feeder = feeder_from(net, limits_of(expected))
    flow = ac_engine(feeder).power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None])
    right = expected.get("without_them_pu", expected["vm_pu"])
    assert dict(zip(feeder.bus_number.tolist(), flow.vm_pu[0], strict=True)) == pytest.approx(
        {bus: right[bus] for bus in feeder.bus_number.tolist()}, abs=WRITTEN_TO_PU)
    assert {*right} - {*feeder.bus_number.tolist()} <= {0}, "before what holds the voltage"


@pytest.mark.slow
def test_what_is_called_right_is_pandapowers_own_power_flow(case: tuple[str, dict[str, Any]]) -> None:
    """The net as it lies there, read and solved by nothing of ours."""
    net, expected = case
    if "vm_pu" not in expected:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandapower's own, of pandas
        own = pandapower.from_json(net)
        pandapower.runpp(own, numba=False, lightsim2grid=False, calculate_voltage_angles=False, tolerance_mva=1e-9)
    vm_pu = own.res_bus.vm_pu.dropna().to_dict()
    assert vm_pu == pytest.approx(expected["vm_pu"], abs=WRITTEN_TO_PU)


@pytest.mark.parametrize("case", [pytest.param(folder, id=folder.name, marks=(
    () if folder.name in FIRST else pytest.mark.slow)) for folder in CASES], indirect=True)
def test_check_names_each_element_and_the_effect_of_what_is_approximated(case: tuple[str, dict[str, Any]]) -> None:
    net, expected = case
    if "vm_pu" not in expected:
        return
    account = account_of(net, expected)
    approximated = {f"{part.table} {part.rows[0]}": part.effect_pu for part in account.parts
                    if part.verdict == "approximated"}
    assert approximated == pytest.approx(expected.get("approximated", {}), abs=WRITTEN_TO_PU)
    assert {part.line().split(": ")[1] for part in account.parts if part.verdict == "not in use"} == set(
        expected.get("not_in_use", ()))
    assert account.unexplained_pu < 1e-9
    assert (account.difference_pu > 1e-5) == bool(approximated)


def test_nets_whose_loads_make_no_zones_say_so(case: tuple[str, dict[str, Any]]) -> None:
    net, expected = case
    if words := expected.get("zones_refused"):
        with pytest.raises(RecordError, match=words):
            zones_by_distance(feeder_from(net, WIDE))
