"""Rules between two or more keys of a scenario; each broken one is yielded, none raises."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise

from models.fleet.charger_curves import CURVES
from models.network.source import SOURCES, source_of
from models.records.groups import ZONES
from models.registry import did_you_mean
from models.system.tariff import is_table_of_prices
from models.system.unit_tables import TEN_UNITS
from testbed.scenario.contradiction import Contradiction
from testbed.scenario.keys import ScenarioKeys
from testbed.scenario.parts.district import Connections, District, Series, Supply, TapChanger
from testbed.scenario.parts.execution import LAST_PORT
from testbed.scenario.parts.fleet import TRIPS_OF_PROFILE
from testbed.scenario.parts.system import curve_mistakes
from testbed.scenario.rules_of_classes import class_contradictions
from testbed.scenario.rules_of_faults import fault_contradictions
from testbed.scenario.rules_of_simulators import simulator_contradictions

SECONDS_PER_HOUR = 3600
HOURS_PER_DAY = 24
SIMBENCH_YEAR = 2016
MOST_CARS = 1_000_000
NO_LAST_BUS = 2**62
EVERYWHERE = "contiguous"
"""The map of zones that every network has: its own of that name, else zones by distance."""
SHARES_SUM_TOLERANCE = 1e-9
PAIR_TOLERANCE = 0.05
"""Of a plan's efficiency from that of the charger's curve at full load."""


def contradictions(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """Every rule between two or more keys that the scenario breaks."""
    yield from _times(scenario)
    yield from _plans(scenario)
    yield from _search(scenario)
    yield from _units(scenario)
    yield from _reserve(scenario)
    yield from _prices(scenario)
    yield from _batteries(scenario)
    yield from _chargers(scenario)
    yield from _districts(scenario)
    yield from _habit(scenario)
    yield from class_contradictions(scenario)
    yield from fault_contradictions(scenario)
    yield from simulator_contradictions(scenario)
    yield from _execution(scenario)


def _execution(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    remote, names = scenario.execution.remote, [district.name for district in scenario.districts]
    for name in remote:
        if name not in names:
            yield Contradiction(("execution", "remote"), name, f"must be a district: {', '.join(names)}")
    for name, address in remote.items():
        if int(address.rpartition(":")[2]) > LAST_PORT:
            yield Contradiction(("execution", "remote", name), address, f"must be HOST:PORT, a port up to {LAST_PORT}")
    if remote and scenario.execution.mode != "in_process":
        yield Contradiction(("execution", "mode"), scenario.execution.mode, "must be in_process with execution.remote")


def _times(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    if SECONDS_PER_HOUR % scenario.step_s:
        yield Contradiction(("step_s",), scenario.step_s, "must divide 3600, e.g. 300, 900 or 3600")
    date, path = scenario.profiles.start_date, ("profiles", "start_date")
    if (scenario.profiles.file is None) == (scenario.profiles.source == "csv"):
        yield Contradiction(("profiles", "file"), scenario.profiles.file,
                            "is needed with profiles.source: csv, and only with it")
    weekday = scenario.fleet.first_weekday
    if date is not None and weekday != date.weekday() and scenario.private_trips != "parametric":
        yield Contradiction(("fleet", "first_weekday"), weekday,
                            f"must be {date.weekday()}, as profiles.start_date={date} is a {date:%A}")
    if scenario.profiles.renewables_factor != 1.0 and scenario.profiles.source != "csv":
        yield Contradiction(("profiles", "renewables_factor"), scenario.profiles.renewables_factor,
                            "is only for profiles.source: csv; others have wind_capacity_mw and pv_capacity_mw")
    if scenario.profiles.source != "simbench":
        if date is not None and scenario.profiles.source != "csv" and not is_table_of_prices(scenario.tariff.table):
            yield Contradiction(path, str(date), "is only for profiles.source: simbench or csv, or prices of one's own")
    elif date is None:
        yield Contradiction(path, None, f"must be a day of {SIMBENCH_YEAR} with profiles.source: simbench")
    else:
        first = date - dt.timedelta(days=scenario.days_before)
        ahead_days = -(-scenario.planning.horizon_h // HOURS_PER_DAY)
        last = date + dt.timedelta(days=scenario.days + ahead_days)
        if first < dt.date(SIMBENCH_YEAR, 1, 1) or last > dt.date(SIMBENCH_YEAR, 12, 31):
            yield Contradiction(path, str(date), f"must leave warmup_days, warmup_controlled_days, days and "
                                f"planning.horizon_h ({first} to {last}) in {SIMBENCH_YEAR}")


def _plans(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    horizon_h, binding_h = scenario.planning.horizon_h, scenario.planning.binding_h
    if binding_h > horizon_h:
        yield Contradiction(("planning", "binding_h"), binding_h,
                            f"must not be above planning.horizon_h={horizon_h}")
    if HOURS_PER_DAY % binding_h:
        yield Contradiction(("planning", "binding_h"), binding_h, "must divide 24")
    most_h = horizon_h - binding_h + 1
    if scenario.spatial.look_ahead_h > most_h >= 1:
        yield Contradiction(("spatial", "look_ahead_h"), scenario.spatial.look_ahead_h,
                            f"must not be above planning.horizon_h - planning.binding_h + 1 = {most_h}, "
                            "or the last binding hour looks beyond the plan")


def _search(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    spatial = scenario.spatial
    if spatial.search_evaluations % spatial.search_population:
        yield Contradiction(("spatial", "search_evaluations"), spatial.search_evaluations,
                            f"must be a multiple of spatial.search_population={spatial.search_population}, "
                            "so that every search ends at the same budget")


def _units(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    system = scenario.system
    if system.units == TEN_UNITS:
        return
    for key, usual in (("emissions", "linear"), ("ramps", "none")):
        if getattr(system, key) != usual:
            yield Contradiction(("system", key), getattr(system, key),
                                f"is only for system.units: {TEN_UNITS}; other units bring their own")


def _reserve(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    for rule in curve_mistakes(scenario.system):
        yield Contradiction(("system", "reserve_curve"), scenario.system.reserve_curve, rule)


def _prices(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    tariff = scenario.tariff
    if not is_table_of_prices(tariff.table):
        for key in ("file_format", "resolution_s", "currency", "currency_per_usd", "foresight"):
            if getattr(tariff, key) != type(tariff).model_fields[key].default:
                yield Contradiction(("tariff", key), str(getattr(tariff, key)), "is only for prices of one's own")
    elif (tariff.currency == "USD") != (tariff.currency_per_usd == 1.0):
        yield Contradiction(("tariff", "currency_per_usd"), tariff.currency_per_usd,
                            f"must be 1 with USD and another number otherwise; tariff.currency is {tariff.currency}")
    if scenario.tariff.table == "none" and scenario.objective.tariff_in_objective:
        yield Contradiction(("objective", "tariff_in_objective"), True,
                            "must be false with tariff.table: none")
    low = scenario.drivers.price_dead_zone_cny_per_kwh
    high = scenario.drivers.price_saturation_cny_per_kwh
    if low >= high:
        yield Contradiction(("drivers", "price_dead_zone_cny_per_kwh"), low,
                            f"must be below drivers.price_saturation_cny_per_kwh={high:g}")


def _batteries(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    fleet = scenario.fleet
    rising = (("soc_min", fleet.soc_min), ("soc_floor_v2g", fleet.soc_floor_v2g),
              ("soc_wanted", fleet.soc_wanted[0]))
    for (name, value), (next_name, next_value) in pairwise(rising):
        if value > next_value:
            yield Contradiction(("fleet", name), value, f"must not be above fleet.{next_name}={next_value:g}")
    if fleet.soc_wanted[1] > fleet.soc_max:
        yield Contradiction(("fleet", "soc_wanted"), list(fleet.soc_wanted),
                            f"must not reach above fleet.soc_max={fleet.soc_max:g}")
    if fleet.soc_initial[0] < fleet.soc_min or fleet.soc_initial[1] > fleet.soc_max:
        yield Contradiction(("fleet", "soc_initial"), list(fleet.soc_initial),
                            f"must lie between fleet.soc_min={fleet.soc_min:g} "
                            f"and fleet.soc_max={fleet.soc_max:g}")


def _districts(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    names = [district.name for district in scenario.districts]
    if (cars := sum(district.vehicle_count for district in scenario.districts)) > MOST_CARS:
        yield Contradiction(("districts",), cars, f"must not have more than {MOST_CARS:,} cars in all")
    for i, district in enumerate(scenario.districts):
        here: tuple[str | int, ...] = ("districts", i)
        if district.name in names[:i]:
            yield Contradiction((*here, "name"), district.name, "is the name of another district already")
        if district.vehicle_count == 0 and district.cars_file is None:
            yield Contradiction(here, district.name, "must have a car: private, taxi or government above 0, or cars")
        if district.slack_vm_pu is not None and not district.v_min_pu < district.slack_vm_pu <= district.v_max_pu:
            yield Contradiction((*here, "slack_vm_pu"), district.slack_vm_pu,
                                f"must be above v_min_pu={district.v_min_pu:g} "
                                f"and not above v_max_pu={district.v_max_pu:g}")
        if district.substation_mva is not None and district.feeder is None:
            yield Contradiction((*here, "substation_mva"), district.substation_mva,
                                "is only for a district with a feeder")
        yield from _tap_changer((*here, "tap_changer"), district)
        yield from _series(here, district)
        has_phases = district.feeder is not None and source_of(district.feeder).has_phases
        for key, usual in (("connections", Connections()), ("supply", Supply())):
            if not has_phases and getattr(district, key) != usual:
                yield Contradiction((*here, key), getattr(district, key).model_dump(exclude_defaults=True),
                                    "is only for a circuit of three phases (dss:NAME or a script ending in .dss)")
        if (district.sessions is None) != (district.sessions_start_date is None):
            yield Contradiction((*here, "sessions_start_date"), district.sessions_start_date,
                                "is needed with sessions, and only with them")
        if district.sessions is not None and district.taxi + district.government + sum(district.cars.values()):
            yield Contradiction((*here, "sessions"), district.sessions, "is for a district of private cars alone")
        yield from _ports(here, district)
        yield from _zones((*here, "zone_map"), district, scenario.fleet.zones)


def _tap_changer(path: tuple[str | int, ...], district: District) -> Iterator[Contradiction]:
    """It needs a network, and a regulator in front of the slack a bus that loads can move."""
    given = district.tap_changer
    if given is None:
        return
    if district.feeder is None:
        yield Contradiction(path, given.model_dump(mode="json", exclude_defaults=True),
                            "is only for a district with a feeder")
    elif source_of(district.feeder).has_phases:
        yield Contradiction(path, given.model_dump(mode="json", exclude_defaults=True),
                            "is not for a circuit of three phases, whose own regulators act")
    elif given.step_percent is None and source_of(district.feeder).taps is None:
        yield Contradiction((*path, "step_percent"), None,
                            f"is needed with {district.feeder}, which brings no transformer")
    if given.step_percent is not None and given.bus is None:
        yield Contradiction((*path, "bus"), None, "is needed with step_percent: no load moves the slack's own voltage")
    if given.step_percent is None and given.positions != TapChanger().positions:
        yield Contradiction((*path, "positions"), given.positions, "is only for step_percent")


def _series(here: tuple[str | int, ...], district: District) -> Iterator[Contradiction]:
    """Series are of a feeder; how a file is to be read needs a file."""
    given, path = district.series, (*here, "series")
    if district.feeder is None and given != Series():
        yield Contradiction(path, given.model_dump(mode="json", exclude_defaults=True),
                            "is only for a district with a feeder")
    for key in ("start_date", "resolution_s", "format"):
        has_use = given.file is not None or (key == "start_date" and given.own_profiles)
        if not has_use and getattr(given, key) != getattr(Series(), key):
            yield Contradiction((*path, key), str(getattr(given, key)), "is only for a file of series")
    if given.curtailable and district.feeder is not None and source_of(district.feeder).has_phases:
        yield Contradiction((*path, "curtailable"), True,
                            "is not for a circuit of three phases, whose lower layer takes generation as it comes")
    if not given.own_profiles:
        return
    if given.file is not None:
        yield Contradiction((*path, "own_profiles"), True, "is in place of a file of series")
    repeats = district.feeder is not None and source_of(district.feeder).profiles_repeat
    if repeats and given.start_date is not None:
        yield Contradiction((*path, "start_date"), str(given.start_date),
                            "must be null: its profiles are days without a date")
    if given.start_date is None and not repeats:
        yield Contradiction((*path, "start_date"), None, f"must be a day of {SIMBENCH_YEAR} with own_profiles")
    if district.feeder is not None and source_of(district.feeder).profiles is None:
        owners = ", ".join(name for name, source in SOURCES.items() if source.profiles is not None)
        yield Contradiction((*path, "own_profiles"), True, f"is only for {owners}: other networks bring no profiles")


def _zones(path: tuple[str | int, ...], district: District, names: tuple[str, ...]) -> Iterator[Contradiction]:
    """Lists of buses by zone: on the feeder, each bus once, no zone empty."""
    zones = district.zone_map
    if isinstance(zones, str):
        if zones != EVERYWHERE and district.feeder is not None and zones not in source_of(district.feeder).zone_maps:
            owners = ", ".join(name for name, source in SOURCES.items() if zones in source.zone_maps)
            yield Contradiction(path, zones, f"is a map of {owners}; give lists of buses or shares")
        if district.feeder is not None and names != ZONES:
            yield Contradiction(path, zones, f"knows {', '.join(ZONES)} alone; give lists of buses or shares of "
                                f"fleet.zones: {', '.join(names)}")
        return
    if district.feeder is None:
        yield Contradiction(path, dict(zones), "is only for a district with a feeder")
        return
    if unknown := [name for name in zones if name not in names]:
        yield Contradiction(path, unknown[0], f"is none of fleet.zones: {', '.join(names)}"
                            f"{did_you_mean(unknown[0], list(names))}")
        return
    lists = {name: listed for name, listed in zones.items() if isinstance(listed, tuple)}
    shares = {name: share for name, share in zones.items() if not isinstance(share, tuple)}
    if shares:
        if set(shares) != set(names) or abs(sum(shares.values()) - 1.0) > SHARES_SUM_TOLERANCE:
            yield Contradiction(path, shares, "must give every zone a share, 1 in all")
        return
    last = source_of(district.feeder).last_bus or NO_LAST_BUS
    buses = [bus for listed in lists.values() for bus in listed]
    outside = {bus for bus in buses if isinstance(bus, str) or not 1 <= bus <= last}
    if outside and last < NO_LAST_BUS:
        yield Contradiction(path, sorted(outside, key=str),
                            f"names buses outside the feeder {district.feeder}, which has 1 to {last}")
    if twice := sorted({bus for bus in buses if buses.count(bus) > 1}, key=str):
        yield Contradiction(path, twice, "names buses twice; a bus has one zone")
    named = {name for name, listed in lists.items() if listed}
    if empty := [name for name in names if name not in named]:
        yield Contradiction(path, empty, "names no bus for these zones; each needs one")


def _chargers(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """A plan's pair may round a charger's curve at full load, not contradict it: cars follow the curve."""
    fleet = scenario.fleet
    for kind, prefix in (("slow", ""), ("fast", "fast_")):
        name = getattr(fleet, f"{kind}_charger_curve")
        curve = CURVES.get(name)
        for way in ("charge", "discharge") if curve is not None else ():
            key, full_load = f"{prefix}eta_{way}", float(getattr(curve, f"{way.removesuffix('e')}ing")[-1])
            if abs(getattr(fleet, key) - full_load) > PAIR_TOLERANCE:
                yield Contradiction(("fleet", key), getattr(fleet, key), (
                    f"must be within {PAIR_TOLERANCE:g} of {full_load:g}, what {kind}_charger_curve={name} has at full "
                    f"load; or set {kind}_charger_curve: constant"))


def _habit(scenario: ScenarioKeys) -> Iterator[Contradiction]:
    """A habit needs private cars that come and go by themselves."""
    with_habit = {name for name, c in scenario.fleet.classes.items() if c.habit}
    driven = (d for d in scenario.districts if d.sessions is None)
    if scenario.drivers.habit is None or any(
            d.private or d.cars_file is not None or any(d.cars.get(name) for name in with_habit) for d in driven):
        return
    key = "profile" if scenario.drivers.profile in TRIPS_OF_PROFILE else "habit"
    yield Contradiction(("drivers", key), getattr(scenario.drivers, key),
                        "is for private cars that make trips: a district must have private above 0 and no sessions")


def _ports(here: tuple[str | int, ...], district: District) -> Iterator[Contradiction]:
    slow_users, fast_users = district.private + district.government, district.taxi
    for name, cars in (("slow_ports_per_bus", slow_users), ("fast_ports_per_bus", fast_users)):
        ports = getattr(district, name)
        if cars and ports == 0:
            yield Contradiction((*here, name), ports, f"must be above 0 for {cars} cars that use such ports")
        if ports is None and district.feeder is not None:
            yield Contradiction((*here, name), ports, "must be a number in a district with a feeder")
