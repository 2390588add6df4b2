"""The description of a run: every kind of mistake is found, all at once, with place, key, value and rule."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from models.drivers.plug_in_habit import PlugInHabit
from models.drivers.population import FleetParameters
from models.drivers.willingness import DriverParameters
from models.fleet.fleet import ChargingParameters
from models.network.source import FeederLimits
from models.system.power_system import PowerSystemParameters
from models.system.tariff import SHIPPED_PRICES, TARIFFS, Terms
from models.wear.contract import LifeUse
from testbed.scenario.loading import ScenarioError, load_scenario, scenario_names
from testbed.scenario.parts.district import District
from testbed.scenario.parts.fleet import Drivers, Fleet, Habit
from testbed.scenario.parts.system import Tariff as TariffBlock
from testbed.scenario.parts.system import demand_curve
from testbed.scenario.record import Scenario, result_content, scenario_hash, scenario_schema, to_yaml
from testbed.setup.knowledge import driver_response, power_system_parameters
from testbed.setup.wear_price import life_use

ROOT = Path(__file__).parents[3]
SMALL = """\
description: one district
districts:
  - name: home
    private: 5
    slow_ports_per_bus: null
"""


@pytest.fixture
def write(tmp_path):
    def _write(text, name="mine"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return _write


def mistakes_of(*arguments, **keywords):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(*arguments, **keywords)
    assert str(caught.value).splitlines() == [str(mistake) for mistake in caught.value.mistakes]
    return str(caught.value)


# ------------------------------------------------------------- what comes along
@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_loads_and_survives_its_own_yaml(name, write):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.description
    again = load_scenario(write(to_yaml(scenario), "again"))
    assert again == scenario


def test_the_paper_day_is_the_one_of_the_model():
    day = load_scenario("paper_day")
    assert sum(district.vehicle_count for district in day.districts) == 50_000
    feeder, rest = day.districts
    assert (feeder.private, feeder.taxi, feeder.government, feeder.peak_scale) == (83, 12, 8, 0.83)
    assert (feeder.private + rest.private, feeder.taxi + rest.taxi) == (40_000, 6_000)
    assert rest.feeder is None and rest.slow_ports_per_bus is None
    assert (day.system.reserve_rule, day.planning.terminal, day.spatial.placement) == (
        "scheduled", "match", "guided")
    assert (day.objective.carbon_price_usd_per_t, day.objective.wear_usd_per_mwh) == (7.0, 53.6)
    assert day.steps_per_day == 96


def test_the_claims_day_has_fuel_and_starts_alone():
    day = load_scenario("claims_day")
    goal = day.objective
    assert goal.weight_operating == 1
    assert goal.weight_owners == goal.weight_curtailment == goal.weight_carbon == 0
    assert (goal.wear_usd_per_mwh, goal.carbon_price_usd_per_t, goal.tariff_in_objective) == (0, 0, False)
    assert (day.profiles.wind_capacity_mw, day.profiles.pv_capacity_mw) == (0, 0)
    assert (day.planning.terminal, day.planning.assumed_compliance) == ("cyclic", 1.0)
    assert day.tariff.table == "none"
    assert (day.drivers.compliance_mean, day.drivers.guidance_acceptance) == (1.0, 1.0)
    assert day.districts == load_scenario("paper_day").districts


def test_the_study_day_is_a_tenth_of_the_paper_day():
    paper, study = load_scenario("paper_day"), load_scenario("study_day")
    assert study.step_s == 3600
    cars = [sum(d.vehicle_count for d in scenario.districts) for scenario in (paper, study)]
    peaks = [scenario.profiles.load_peak_mw for scenario in (paper, study)]
    assert cars[1] / cars[0] == peaks[1] / peaks[0] == study.system.unit_scale
    assert study.districts[0] == paper.districts[0]


def test_the_real_week_starts_on_a_monday():
    week = load_scenario("simbench_week")
    assert week.days == 7 and week.profiles.start_date.strftime("%A") == "Monday"


def test_smoke_is_small():
    assert sum(district.vehicle_count for district in load_scenario("smoke").districts) == 20


def test_the_committed_schema_is_current():
    """Refresh it with `testbed schema > docs/scenario.schema.json`."""
    committed = (ROOT / "docs" / "scenario.schema.json").read_text(encoding="utf-8")
    assert committed == json.dumps(scenario_schema(), indent=2) + "\n"


def test_the_schema_describes_every_key_and_lets_files_extend():
    schema = scenario_schema()
    assert "extends" in schema["properties"] and "required" not in schema
    blocks = set(schema["$defs"])
    for name, block in [("Scenario", schema), *schema["$defs"].items()]:
        assert block["additionalProperties"] is False
        for key, entry in block["properties"].items():
            is_block = str(entry.get("$ref", "")).rpartition("/")[2] in blocks
            assert entry.get("description") or is_block, f"{name}.{key} has no description"


def test_every_scenario_file_names_its_schema():
    for name in scenario_names():
        file = ROOT / "experiments" / "scenarios" / f"{name}.yaml"
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../../docs/scenario.schema.json"


# ------------------------------------------------------------- agreement with the models
def test_defaults_are_those_of_the_models():
    fleet, drivers = FleetParameters(private=0, taxi=0, government=0), DriverParameters()
    for block, model in ((Fleet(), fleet), (Drivers(), fleet), (Drivers(), drivers), (Habit(), PlugInHabit())):
        keys, same = block.model_dump(), asdict(model)
        assert {name: keys[name] for name in keys.keys() & same} == {name: same[name] for name in keys.keys() & same}


def test_defaults_of_a_run_are_those_of_the_models(write):
    """What acts in a run by default is what a model does on its own."""
    run = load_scenario(write(SMALL))
    assert power_system_parameters(run) == PowerSystemParameters()
    assert ChargingParameters().fast_charge_usd_per_kwh == run.fleet.fast_charge_usd_per_kwh
    assert ChargingParameters().fast_charge_eta == run.fleet.fast_eta_charge
    assert life_use(run, LifeUse().power_kw) == LifeUse()
    assert run.tariff.cny_per_usd == Terms().cny_per_usd and run.tariff.levels == Terms().levels


def test_defaults_of_a_network_are_those_of_the_models():
    district, limits = District(name="x"), FeederLimits()
    for name in ("slack_vm_pu", "v_min_pu", "v_max_pu", "transformer_margin"):
        assert getattr(district, name) == getattr(limits, name), name
    assert district.substation_mva is None and limits.substation_kva == float("inf")


@pytest.mark.parametrize("table", [*TARIFFS, *SHIPPED_PRICES, "prices/mine.csv"])
def test_tariffs_are_tables_shipped_prices_and_files(table):
    assert TariffBlock(table=table).table == table


# ------------------------------------------------------------- extends and overrides
def test_a_file_lays_its_keys_over_those_it_extends(write):
    write(SMALL + "fleet: {soc_min: 0.1, soc_max: 0.95}\n", "base")
    child = write("extends: base\nfleet: {soc_max: 0.92}\n", "child")
    scenario = load_scenario(child)
    assert (scenario.name, scenario.description) == ("child", "")
    assert (scenario.fleet.soc_min, scenario.fleet.soc_max) == (0.1, 0.92)


def test_a_list_of_districts_is_replaced_as_a_whole(write):
    write(SMALL, "base")
    child = write("extends: base.yaml\ndistricts: [{name: other, taxi: 2}]\n", "child")
    (district,) = load_scenario(child).districts
    assert (district.name, district.private, district.taxi) == ("other", 0, 2)


def test_extends_finds_the_scenarios_that_come_along(write):
    assert load_scenario(write("extends: smoke\nstep_s: 1800\n")).step_s == 1800


def test_overrides_reach_into_lists_and_read_yaml_values():
    scenario = load_scenario("smoke", [
        "districts.0.private=5", "planning.mip_gap=1e-3", "fleet.soc_wanted=[0.7, 0.8]",
        "objective.tariff_in_objective=false", "districts.1.slow_ports_per_bus=null"], seed=7)
    assert scenario.districts[0].private == 5 and scenario.districts[0].feeder == "ieee33"
    assert scenario.planning.mip_gap == 1e-3
    assert scenario.fleet.soc_wanted == (0.7, 0.8)
    assert scenario.objective.tariff_in_objective is False
    assert scenario.seed == 7


# ------------------------------------------------------------- each kind of mistake
def test_an_unknown_key_is_answered_with_the_nearest_one(write):
    text = mistakes_of(write(SMALL + "planning:\n  horizn_h: 48\n"))
    assert "mine.yaml:7: planning.horizn_h = 48: is not a known key (did you mean horizon_h?)" in text
    assert "known: horizon_h, binding_h" in text


def test_an_unknown_key_inside_a_list(write):
    text = mistakes_of(write("districts:\n  - {name: a, private: 1, pots: 3}\n"))
    assert "mine.yaml:2: districts.0.pots = 3: is not a known key" in text and "slow_ports_per_bus" in text


@pytest.mark.parametrize(("line", "expected"), [
    ("step_s: fast", "step_s = 'fast': must be a valid integer"),
    ("days: 1.5", "days = 1.5: must be a valid integer"),
    ("days: true", "days = True: must be a valid integer"),
    ("profiles: {load_peak_mw: '1500'}", "profiles.load_peak_mw = '1500': must be a valid number"),
    ("objective: {tariff_in_objective: 1}", "objective.tariff_in_objective = 1: must be a valid boolean"),
    ("spatial: 3", "spatial = 3: must be"),
    ("drivers: 3", "drivers = 3: must be"),
    ("profiles: {source: simbench, start_date: soon}", "profiles.start_date = 'soon': must be a valid date"),
    ("fleet: {soc_wanted: 0.8}", "fleet.soc_wanted = 0.8: must be a list in brackets"),
    ("fleet: {age_years: [1, 2, 3]}", "fleet.age_years = [1, 2, 3]: must have at most 2 entries, has 3"),
    ("fleet: {classes: {'my car': {}}}", "fleet.classes.my car = 'my car': must be of the form"),
    ("faults: [{kind: line_out, line_to: 3.5, from_h: 1, until_h: 2}]",
     "faults.0.line_to = 3.5: must be a valid integer or a valid string"),
    ("faults: [{kind: line_out, line_to: -3, from_h: 1, until_h: 2}]",
     "faults.0.line_to = -3: must be from 0 to 1,000,000 or a valid string"),
])
def test_a_wrong_type(write, line, expected):
    assert f"mine.yaml:6: {expected}" in mistakes_of(write(SMALL + line + "\n"))


@pytest.mark.parametrize(("line", "expected"), [
    ("profiles: {wind_capacity_mw: -1}", "wind_capacity_mw = -1: must be from 0 to 1,000,000"),
    ("fleet: {slow_charger_kw: [-7, 7]}", "fleet.slow_charger_kw.0 = -7: must be from 0.1 to 10,000"),
    ("fleet: {age_years: [8, 1]}", "fleet.age_years = [8, 1]: must be [lowest, highest]"),
    ("drivers: {compliance_mean: 1.1}", "drivers.compliance_mean = 1.1: must be from 0 to 1"),
    ("system: {shed_usd_per_mwh: .nan}", "system.shed_usd_per_mwh = nan: must be a finite number"),
    ("warmup_days: 0", "warmup_days = 0: must be from 1 to 14"),
    ("warmup_controlled_days: -1", "warmup_controlled_days = -1: must be from 0 to 28"),
    ("system: {reserve_rule: hoped_for}", "'hoped_for': must be 'thermal_only', 'scheduled' or 'deliverable'"),
    ("tariff: {table: paris}", "tariff.table = 'paris': must be beijing2015, chengdu2023, forecast, none, "
     "opens_at_18, spot_with_negative_hours, rts_gmlc_2020-02, rts_gmlc_2020-02_week, "
     "rts_gmlc_2020-02_spilling or a CSV file"),
    ("drivers: {profile: nobody}", "drivers.profile = 'nobody': must be 'paper'"),
    ("drivers: {modes: {ignores: 0, overrides: 0, leaves_early: 0, arrives_late: 0, never_plugs_in: 0}}",
     "drivers.modes = "),
])
def test_an_impossible_value(write, line, expected):
    text = mistakes_of(write(SMALL + line + "\n"))
    assert "mine.yaml:6: " in text and expected in text


@pytest.mark.parametrize(("override", "expected"), [
    ("step_s=700", "step_s = 700: must divide 3600"),
    ("planning.binding_h=5", "planning.binding_h = 5: must divide 24"),
    ("spatial.search_evaluations=2020", "spatial.search_evaluations = 2020: must be a multiple of "
     "spatial.search_population=50"),
    ("planning.horizon_h=12", "planning.binding_h = 24: must not be above planning.horizon_h=12"),
    ("planning.horizon_h=29", "spatial.look_ahead_h = 7: must not be above"),
    ("profiles.start_date=2016-01-18", "profiles.start_date = '2016-01-18': is only for"),
    ("profiles.source=simbench", "profiles.start_date = None: must be a day of 2016"),
    ("tariff.table=none", "objective.tariff_in_objective = True: must be false with tariff.table: none"),
    ("drivers.price_dead_zone_cny_per_kwh=0.7", "must be below drivers.price_saturation_cny_per_kwh=0.6"),
    ("fleet.soc_min=0.5", "fleet.soc_min = 0.5: must not be above fleet.soc_floor_v2g=0.35"),
    ("fleet.soc_floor_v2g=0.85", "fleet.soc_floor_v2g = 0.85: must not be above fleet.soc_wanted=0.8"),
    ("fleet.soc_max=0.85", "fleet.soc_wanted = [0.8, 0.9]: must not reach above fleet.soc_max=0.85"),
    ("fleet.soc_initial=[0.1, 0.5]", "fleet.soc_initial = [0.1, 0.5]: must lie between"),
    ("districts.1.name=feeder33", "districts.1.name = 'feeder33': is the name of another district"),
    ("districts.1={name: empty}", "districts.1 = 'empty': must have a car"),
    ("districts.0.slack_vm_pu=1.06", "districts.0.slack_vm_pu = 1.06: must be above"),
    ("districts.0.slow_ports_per_bus=0", "must be above 0 for 13 cars"),
    ("districts.0.fast_ports_per_bus=0", "must be above 0 for 2 cars"),
    ("districts.0.slow_ports_per_bus=null", "must be a number in a district with a feeder"),
    ("districts=[]", "districts = []: "),
    ("districts.0.zone_map={residential: [2, 40], commercial: [3], office: [4]}", "names buses outside the feeder"),
    ("districts.0.zone_map={residential: [2], commercial: [2], office: [4]}", "[2]: names buses twice"),
    ("districts.0.zone_map={residential: [2], commercial: [3]}", "['office']: names no bus for these zones"),
    ("districts.0.zone_map={residential: [2], comercial: [3], office: [4]}", "= 'comercial': is none of fleet.zones: "
     "residential, commercial, office (did you mean commercial?)"),
    ("districts.1.zone_map={residential: [2]}", "is only for a district with a feeder"),
    ("fleet.trips=nowhere", "must be 'profile', 'parametric', 'survey' or 'home'"),
    ("drivers.habit.mean_soc=1.5", "drivers.habit.mean_soc = 1.5: must be from 0 to 1"),
    ("drivers.habit.mean=0.5", "drivers.habit.mean = 0.5: is not a known key"),
    ("profiles.source=csv", "profiles.file = None: is needed with profiles.source: csv"),
    ("profiles.renewables_factor=2", "profiles.renewables_factor = 2.0: is only for profiles.source: csv; others have "
     "wind_capacity_mw and pv_capacity_mw"),
    ("execution.remote={nowhere: 'a:1'}", "execution.remote = 'nowhere': must be a district: feeder33, rest"),
    ("execution={remote: {rest: 'a:1'}, mode: separate_processes}", "execution.mode = 'separate_processes': must be "
     "in_process with execution.remote"),
    ("districts.1.substation_mva=5", "districts.1.substation_mva = 5.0: is only for a district with a feeder"),
    ("districts.1.tap_changer={step_percent: 1.25, bus: 2}",
     "districts.1.tap_changer = {'bus': 2, 'step_percent': 1.25}: is only for a district with a feeder"),
    ("districts=[{name: a, private: 3, feeder: 'dss:ieee13', series: {own_profiles: true, start_date: 2016-01-04}}]",
     "districts.0.series.start_date = '2016-01-04': must be null: its profiles are days without a date"),
])
def test_keys_that_cannot_stand_together(override, expected):
    assert expected in mistakes_of("smoke", [override])


def test_the_first_weekday_is_that_of_the_real_stretch():
    said = "fleet.first_weekday = 3: must be 0, as profiles.start_date=2016-01-18 is a Monday"
    assert said in mistakes_of("simbench_week", ["fleet.trips=survey", "fleet.first_weekday=3"])
    assert load_scenario("simbench_week", ["fleet.first_weekday=3", "fleet.trips=parametric"]).fleet.first_weekday == 3


@pytest.mark.parametrize("dates", ["2016-01-01", "2016-12-23", "2015-06-01"])
def test_a_real_stretch_must_lie_in_its_year(dates):
    text = mistakes_of("simbench_week", [f"profiles.start_date={dates}"])
    assert f"profiles.start_date = '{dates}': must leave warmup_days, warmup_controlled_days, days and " in text


def test_a_key_that_stands_twice(write):
    text = mistakes_of(write(SMALL + "fleet:\n  soc_min: 0.1\n  soc_min: 0.2\n"))
    assert "mine.yaml:8: fleet.soc_min: stands twice in its block" in text


def test_a_missing_file_and_a_misspelt_name(tmp_path):
    assert "nowhere.yaml: no such scenario" in mistakes_of(tmp_path / "nowhere.yaml")
    assert "(did you mean paper_day?); known: claims_day, " in mistakes_of("papper_day")


def test_a_missing_base(write):
    text = mistakes_of(write("extends: pape_day\n"))
    assert "pape_day.yaml: no such scenario (did you mean paper_day?)" in text
    assert "is required" not in text


def test_extending_in_a_circle(write):
    write("extends: second\n", "first")
    second = write("extends: first\n", "second")
    text = mistakes_of(second)
    assert "extends = 'second.yaml -> first.yaml -> second.yaml': must not come back to itself" in text


def test_extends_must_be_a_name(write):
    text = mistakes_of(write("extends: [1]\n"))
    assert "mine.yaml:1: extends = [1]: must be a scenario's name or path" in text


@pytest.mark.parametrize(("text", "expected"), [
    ("a: [1\n", "is not YAML"),
    ("- a\n- b\n", "must be a block of key: value lines"),
    ("a: &loop [*loop]\n", "nested deeper than 20 blocks"),
])
def test_a_file_that_is_no_block_of_keys(write, text, expected):
    assert expected in mistakes_of(write(text))


def test_a_file_that_is_no_text(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in mistakes_of(file)


def test_an_empty_file_lacks_its_districts(write):
    assert "districts: is required and missing" in mistakes_of(write(""))


@pytest.mark.parametrize(("override", "expected"), [
    ("step_s", "--set step_s: must read key.sub=value"),
    ("a..b=3", "--set a..b=3: must read key.sub=value"),
    ("fleet.soc_mn=3", "--set: fleet.soc_mn = 3: is not a known key (did you mean soc_min?)"),
    ("districts.7.private=5", "districts.7 does not exist: the list has entries 0 to 1"),
    ("districts.first.private=5", "districts.first does not exist"),
    ("step_s.x=3", "step_s.x does not exist"),
    ("fleet.soc_min=[", "--set fleet.soc_min:1: is not YAML"),
])
def test_a_wrong_override(override, expected):
    assert expected in mistakes_of("smoke", [override])


def test_a_wrong_seed():
    assert "--seed: seed = -3: must be from 0 to 9,223,372,036,854,775,807" in mistakes_of("smoke", seed=-3)


def test_all_mistakes_come_at_once_and_none_that_only_follows_from_another(write):
    text = mistakes_of(write("""\
districts:
  - {name: a, private: -5}
profiles: {source: simbnch, start_date: 2016-01-02}
planning: {horizon_h: two, binding_h: 7}
step_s: 700
setps: 3
"""), ["tariff.table=none"])
    lines = text.splitlines()
    expected = ["districts.0.private = -5", "profiles.source = 'simbnch'", "planning.horizon_h = 'two'",
                "setps = 3", "step_s = 700", "planning.binding_h = 7: must divide 24",
                "objective.tariff_in_objective = True"]
    assert all(any(part in line for line in lines) for part in expected)
    assert len(lines) == len(expected)


def test_a_value_that_is_of_none_of_several_kinds_is_told_once_by_its_key(write):
    """Zones of a network are a name, lists of buses, or shares; no words of the checking library are told."""
    text = mistakes_of(write("districts: [{name: a, feeder: ieee33, private: 2, zone_map: {residential: [2, 3.5], "
                             "commercial: 0.3, office: x}}]\nfaults: [{kind: wind_off, form: 1}]\n"))
    assert [line.split(": ", 1)[1] for line in text.splitlines() if "form" not in line] == [
        "districts.0.zone_map.residential.1 = 3.5: must be a valid integer or a valid string",
        "districts.0.zone_map.commercial = 0.3: must be a list in brackets",
        "districts.0.zone_map.office = 'x': must be a list in brackets or a valid number",
        "faults.0.from_h: is required and missing", "faults.0.until_h: is required and missing"]


def test_a_mistake_in_a_base_is_placed_there(write):
    write(SMALL + "fleet:\n  soc_min: -1\n", "base")
    assert "base.yaml:7: fleet.soc_min = -1" in mistakes_of(write("extends: base\nstep_s: 900\n"))


# ------------------------------------------------------------- in Python
def test_a_scenario_cannot_be_changed_and_refuses_unknown_keys():
    scenario = load_scenario("smoke")
    with pytest.raises(ValidationError, match="frozen"):
        scenario.step_s = 300
    with pytest.raises(ValidationError, match="step_s=700 must divide 3600"):
        Scenario.model_validate(scenario.model_dump() | {"step_s": 700})


def test_the_hash_covers_what_can_change_a_result_and_nothing_else():
    base = scenario_hash(load_scenario("smoke"))
    assert scenario_hash(load_scenario("smoke", ["name=other", "record.vehicles=true",
                                                 "execution.mode=separate_processes"])) == base
    assert scenario_hash(load_scenario("smoke", ["districts.1.taxi=2"])) != base
    assert scenario_hash(load_scenario("smoke", seed=2)) != base
    content = result_content(load_scenario("named_classes"))
    assert content["fleet"]["classes"] and content["districts"][0]["cars"], "empty ones alone are left out"
    assert not {"classes", "charger_kinds"} & result_content(load_scenario("smoke"))["fleet"].keys()


def test_the_resolved_yaml_is_plain():
    plain = yaml.safe_load(to_yaml(load_scenario("simbench_week")))
    assert plain["profiles"]["start_date"] == "2016-01-18"
    assert plain["fleet"]["soc_wanted"] == [0.8, 0.9]


@pytest.mark.parametrize("steps", ["held_share: [0, 0.5], usd_per_mwh: [1000, 100]",
                                   "missing_share: [0, 0.5], usd_per_mwh: [100, 1000]"])
def test_a_curve_of_ones_own_may_be_told_by_what_is_held_or_missing(steps: str) -> None:
    """Of 10 MW the first 5 that are missing cost 100 $ each, the next 1,000 $."""
    own = load_scenario("smoke", [f"system.reserve_steps={{{steps}}}", "system.reserve_curve=own"])
    curve = demand_curve(own.system)
    assert curve.cost_usd_per_h([0, 4, 7], 10).tolist() == [0, 400, 500 + 2000]


def test_a_time_zone_is_one_of_the_iana_database() -> None:
    recorded = "profiles={{source: csv, file: mine.csv, file_format: {{time_zone: {}}}}}"
    assert load_scenario("smoke", [recorded.format("Europe/Berlin")]).profiles.file_format.time_zone == "Europe/Berlin"
    assert "time_zone = 'Mars/Base': must be a time zone of the IANA database" in mistakes_of(
        "smoke", [recorded.format("Mars/Base")])


def test_how_drivers_answer_prices_is_a_key() -> None:
    assert driver_response(load_scenario("smoke")).model == "dead_zone"
    assert driver_response(load_scenario("smoke", ["drivers.price_response=logit"])).model == "logit"
