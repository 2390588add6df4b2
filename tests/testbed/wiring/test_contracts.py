"""Every crossing is a record with units and axes, and nobody can say anything else: who does is named."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pytest

from experiments.publishing.publish import page_text
from models.records.arrays import Floats, RecordError, Table
from models.records.quantity import AXES, TEXT, FieldTold, fields_told, of
from testbed.results.layout import PLAN_HOURLY, PLAN_SCALARS, PLAN_TARGETS, unit_of_name
from testbed.results.reading import open_result
from testbed.running.one_run import RunFailed
from testbed.setup.axis_sizes import axis_sizes
from testbed.simulators.profiles import ProfilesSimulator
from testbed.wiring.attributes import ATTRIBUTES, PLACES, Attribute, produced_by, records, traced
from testbed.wiring.contracts import FEW, Contract, ContractError, _is_finite, fault
from testbed.wiring.crossings import Prices, StepSums, Targets
from testbed.wiring.packing import freeze, pack, unpack
from testbed.wiring.printed import axes, crossings, diagram, titled
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run

ROOT = Path(__file__).parents[3]
SIZES = dict(zip(AXES, range(2, 2 + len(AXES)), strict=True))
"""Each axis of another length, so that none can stand in for another."""


# ---------------------------------------------------------------- the table
def test_every_field_that_crosses_has_a_unit_and_axes():
    for a in ATTRIBUTES:
        assert a.fields, a.name
        assert all(field.quantity.unit and set(field.quantity.dims) <= set(AXES) for field in a.fields), a.name
        assert a.is_record == (not a.unit and not a.dims), a.name


def test_each_record_is_packed_under_a_name_of_its_own():
    assert len(records()) == len({a.record for a in ATTRIBUTES if a.is_record}) > 20
    names = [a.name for a in ATTRIBUTES if a.is_record]
    assert len(names) == len(set(names))


@dataclass(frozen=True)
class Unitless(Table):
    """Says of no field what it is in."""

    p_kw: Floats


@dataclass(frozen=True)
class Astray(Table):
    """Has an axis that nobody knows."""

    p_kw: Annotated[Floats, of("kW", "somewhere")]


@dataclass(frozen=True)
class Untold(Table):
    """Holds what has no type of its own."""

    p_kw: Annotated[object, of("kW")]


@dataclass(frozen=True)
class Halved(Table):
    """Holds an array in half the precision."""

    p_kw: Annotated[npt.NDArray[np.float32], of("kW", "vehicle")]


@pytest.mark.parametrize(("wrong", "words"), [
    ({"record": Unitless}, r"Unitless\.p_kw: no unit"),
    ({"record": Astray}, r"Astray\.p_kw: no axis somewhere; there are vehicle"),
    ({"record": Untold}, r"Untold\.p_kw: .* neither number, text nor array"),
    ({"record": Halved}, r"Halved\.p_kw: .*float32.* neither number, text nor array of float64, int64 or bool"),
    ({}, r"spatial\.x: no unit"), ({"unit": "kW", "dims": ("somewhere",)}, r"spatial\.x: no axis somewhere"),
])
def test_a_datum_without_unit_or_with_an_unknown_axis_is_refused(wrong, words):
    with pytest.raises(RecordError, match=words):
        Attribute(**{"producer": "spatial", "scope": "district", "name": "x", "unit": "", "long_name": "x"} | wrong)


def test_the_file_and_the_records_agree_on_units():
    """Variables of plans and sums take their unit from the name's ending; the record says the same."""
    told = {field.name: field.quantity.unit for field in fields_told(records()["Plan"])}
    assert {name: told[name] for name in (*PLAN_HOURLY, *PLAN_SCALARS, *PLAN_TARGETS)} == {
        name: unit_of_name(name) for name in (*PLAN_HOURLY, *PLAN_SCALARS, *PLAN_TARGETS)}
    totals = {field.name: field.quantity.unit for field in fields_told(records()["VehicleTotals"])}
    assert {name for name, unit in totals.items() if unit != unit_of_name(name)} == {"age_years"}
    assert {field.name for field in fields_told(StepSums)} < set(totals)


def test_facts_of_an_attribute_stand_in_its_row():
    assert {a.name for a in ATTRIBUTES if a.is_flag} == {
        "committed", "redispatch_failed", "spatial_solved", "spatial_fallback", "spatial_repaired"}
    assert all(a.dims == ("vehicle",) and a.producer == "fleet" for a in traced())
    assert {name for name, place in PLACES.items() if place.can_be_remote} == {"mobility", "spatial", "fleet", "feeder"}


def test_sizes_of_all_axes_are_known(tmp_path):
    spec = RunSpec(small_run.scenario(cache_dir=tmp_path), small_run.PLAIN, 1, tmp_path / "x.h5")
    sizes = axis_sizes(spec, "feeder33", AXES)
    assert sizes.keys() == AXES.keys()
    assert sizes["bus"] == 33 and sizes["step"] == 1 and sizes["cohort"] == sizes["group"] * (sizes["hour"] + 1)
    assert sizes["period"] == sizes["step"] + sizes["later_hour"]


# ---------------------------------------------------------------- packing
def sample(told: FieldTold):
    """A lawful value of the field."""
    if told.quantity.unit == TEXT:
        return "words"
    if not told.quantity.dims:
        return told.kind(1)
    shape = tuple(SIZES[dim] for dim in told.quantity.dims)
    whole = np.arange(np.prod(shape)).reshape(shape).astype(told.dtype)
    return tuple(whole) if told.is_tuple else whole


def sample_of(record):
    return record(**{told.name: sample(told) for told in fields_told(record)})


@pytest.mark.parametrize("name", records())
def test_every_record_survives_the_way_to_another_process(name):
    record = records()[name]
    back = unpack(json.loads(json.dumps(pack(sample_of(record)))))
    assert type(back) is record
    for told in fields_told(record):
        assert fault(getattr(back, told.name), told, tuple(SIZES[dim] for dim in told.quantity.dims)) == ""
        np.testing.assert_array_equal(getattr(back, told.name), sample(told))


@pytest.mark.parametrize("name", records())
def test_every_record_is_shared_whole_and_cannot_be_written(name):
    ours = sample_of(records()[name])
    theirs = freeze(ours)
    assert type(theirs) is type(ours) and vars(theirs).keys() == vars(ours).keys()
    for told in fields_told(type(ours)):
        mine, shared = getattr(ours, told.name), getattr(theirs, told.name)
        np.testing.assert_array_equal(shared, mine)
        arrays = shared if told.is_tuple else (shared,)
        assert not any(array.flags.writeable for array in arrays if isinstance(array, np.ndarray))
    assert all(array.flags.writeable for array in vars(ours).values() if isinstance(array, np.ndarray))


def test_a_foreign_record_or_one_with_other_fields_is_refused():
    packed = pack(sample_of(Prices))
    with pytest.raises(RecordError, match="Tariff came, no record"):
        unpack({mark: ["Tariff", fields] for mark, (_, fields) in packed.items()})
    less = {mark: [name, dict(list(fields.items())[1:])] for mark, (name, fields) in packed.items()}
    with pytest.raises(RecordError, match="Prices came with other fields than it has: charge_now_usd_per_kwh"):
        unpack(less)


# ---------------------------------------------------------------- the check
def contract(simulator, scope):
    said = produced_by(simulator, scope)
    lawful = {a.name: sample_of(a.record) if a.is_record else sample(a.fields[0]) for a in said}
    return Contract(simulator, "rest", said, SIZES), lawful


@pytest.mark.parametrize(("simulator", "scope"), sorted({(a.producer, a.scope) for a in ATTRIBUTES}))
def test_what_the_table_allows_passes(simulator, scope):
    checked, lawful = contract(simulator, scope)
    checked.check(lawful)
    checked.check(lawful | {a.name: None for a in produced_by(simulator, scope) if a.absent})


def test_numbers_are_finite_even_where_their_sum_is_none():
    checked, lawful = contract("profiles", "system")
    checked.check(lawful | {"load_mw": 1e308, "wind_available_mw": 1e308})


@pytest.mark.parametrize(("name", "field", "value", "words"), [
    ("targets", "pc_kw", np.zeros(3), r"targets of rest, field pc_kw \[kW\]: shape \(3,\) came, allowed is "
                                      r"\(\d+, \d+\): cohort, hour"),
    ("targets", "pc_kw", np.zeros(3, dtype=np.int64), r"field pc_kw \[kW\]: int64 came, allowed is float64"),
    ("targets", "pc_kw", [0.0], r"field pc_kw \[kW\]: a list came, allowed is an array of float64"),
    ("targets", "plan_time_s", 0.5, r"field plan_time_s \[s\]: a float came, allowed is int"),
    ("targets", "plan_time_s", True, r"field plan_time_s \[s\]: a bool came, allowed is int"),
    ("learned_compliance", "mean", float("nan"), r"field mean \[1\]: nan came, allowed is a finite number$"),
])
def test_what_it_does_not_allow_is_told_with_simulator_attribute_and_field(name, field, value, words):
    checked, lawful = contract("temporal", "district")
    with pytest.raises(ContractError, match=rf"^temporal\.{name} of rest.*{words[words.index('field'):]}"):
        checked.check(lawful | {name: replace(lawful[name], **{field: value})})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted_and_placed(value):
    checked, lawful = contract("temporal", "district")
    pc_kw = lawful["targets"].pc_kw.copy()
    pc_kw[1, 2] = value
    with pytest.raises(ContractError, match=rf"1 of {pc_kw.size} values \({value} at \[1, 2\]\) are not finite"):
        checked.check(lawful | {"targets": replace(lawful["targets"], pc_kw=pc_kw)})


@pytest.mark.parametrize("size", [3, 3000])
def test_many_values_are_judged_as_few_are(size):
    told = next(field for field in fields_told(Prices) if field.name == "charge_usd_per_kwh")
    whole = np.full(size, 1e308)
    assert fault(whole, told, (size,)) == ""
    whole[[0, 2]] = np.inf, -np.inf
    assert "2 of" in fault(whole, told, (size,))


@pytest.mark.parametrize("size", [FEW, FEW + 1])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_one_value_among_few_and_many_is_seen(size, wrong):
    values = np.zeros((size // 7 + 1, 7))
    assert _is_finite(values)
    values[-1, 3] = wrong
    assert not _is_finite(values)


@pytest.mark.parametrize(("value", "is_lawful"), [(np.nan, True), (np.inf, False)])
def test_nan_is_lawful_only_where_it_says_that_there_is_none(value, is_lawful):
    checked, lawful = contract("spatial", "district")
    changed = lawful | {"vm_socp_pu": np.full(SIZES["bus"], value), "losses_socp_kw": value}
    if is_lawful:
        checked.check(changed)
        return
    with pytest.raises(ContractError, match=r"vm_socp_pu of rest \[pu\]: .* allowed are finite numbers and NaN"):
        checked.check(changed)
    with pytest.raises(ContractError, match=r"losses_socp_kw of rest \[kW\]: inf came, allowed is .* or NaN"):
        checked.check(lawful | {"losses_socp_kw": value})


def test_an_empty_array_is_lawful_only_where_nothing_may_be_known():
    checked, lawful = contract("mobility", "district")
    cohorts = lawful["cohort_flexibility"]
    checked.check(lawful | {"cohort_flexibility": replace(cohorts, pc_fresh_kw=np.zeros(0))})
    with pytest.raises(ContractError, match="field pc_max_kw"):
        checked.check(lawful | {"cohort_flexibility": replace(cohorts, pc_max_kw=np.zeros(0))})


def test_names_must_be_those_of_the_table():
    checked, lawful = contract("temporal", "district")
    with pytest.raises(ContractError, match="temporal of rest: targets missing; temporal of rest: surprise not in"):
        checked.check({"surprise": 1.0, "learned_compliance": lawful["learned_compliance"]})


def test_a_record_is_absent_only_where_the_table_says_so():
    checked, lawful = contract("profiles", "system")
    with pytest.raises(ContractError, match=r"profiles\.prices of rest: nothing came, allowed is the record Prices"):
        checked.check(lawful | {"prices": None})
    with pytest.raises(ContractError, match=r"profiles\.prices of rest: a dict came, allowed is the record Prices"):
        checked.check(lawful | {"prices": lawful["prices"].to_arrays()})


def test_of_several_arrays_there_is_one_for_each_district():
    checked, lawful = contract("temporal", "system")
    plan = lawful["plan"]
    with pytest.raises(ContractError, match=r"field pc_kw \[kW\]: 1 arrays came, allowed is a tuple of \d+ arrays"):
        checked.check(lawful | {"plan": replace(plan, pc_kw=plan.pc_kw[:1])})
    with pytest.raises(ContractError, match=r"field pd_kw \[kW\]: district 1: shape \(0,\) came"):
        checked.check(lawful | {"plan": replace(plan, pd_kw=(plan.pd_kw[0], np.zeros(0), *plan.pd_kw[2:]))})


def test_a_record_without_one_of_its_fields_is_told():
    checked, lawful = contract("temporal", "district")
    empty = object.__new__(Targets)
    with pytest.raises(ContractError, match=r"temporal\.targets of rest, field plan_time_s \[s\]: missing"):
        checked.check(lawful | {"targets": empty})


# ------------------------------------------- in a run (wrong answers of controllers: tests/faults)
@pytest.mark.parametrize(("wrong", "words"), [
    ({"load_mw": float("nan")}, r"profiles\.load_mw of system \[MW\]: nan came, allowed is a finite number"),
    ({"prices": Prices(0.1, 0.1, np.zeros(2), np.zeros(2))},
     r"profiles\.prices of system, field charge_usd_per_kwh \[USD/kWh\]: shape \(2,\) came"),
    ({"rumour": 1.0}, "profiles of system: rumour not in the table"),
])
def test_a_simulators_wrong_word_ends_the_run_with_its_name(tmp_path, monkeypatch, wrong, words):
    said = ProfilesSimulator._system
    monkeypatch.setattr(ProfilesSimulator, "_system", lambda self, now_s: said(self, now_s) | wrong)
    with pytest.raises(RunFailed, match=f"profiles failed at warm-up day -1 00:00: ContractError: {words}") as failure:
        small_run.run(tmp_path)
    assert open_result(failure.value.partial).status == "failed"


# ---------------------------------------------------------------- the page
def test_the_architecture_page_shows_the_table():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name, text in (("diagram", diagram()), ("crossings", crossings()), ("axes", axes())):
        block = f"<!-- begin: wiring.{name} -->\n{text}\n<!-- end: wiring.{name} -->"
        assert block in page, "make publish PAGE=architecture"


def test_the_page_falls_behind_when_the_table_changes(monkeypatch):
    page = ROOT / "docs" / "architecture.md"
    last = ATTRIBUTES[-1]
    more = replace(last, name="news", now=("temporal",), audience="operator")
    monkeypatch.setattr("testbed.wiring.printed.ATTRIBUTES", (*ATTRIBUTES, more))
    rendered = page_text(page)
    assert "`news` | Temporal |" in rendered and "`news`" not in page.read_text(encoding="utf-8")
    assert rendered.count("PowerSystem -> Temporal") == 2


def test_everybody_who_reads_or_speaks_is_in_the_diagram():
    for a in ATTRIBUTES:
        for reader in (*a.now, *a.shifted):
            assert f"{titled(a.producer):11} -> " in diagram() and titled(reader) in diagram()
