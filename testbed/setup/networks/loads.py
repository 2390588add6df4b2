"""What is drawn at the buses of a district's network without cars, and what became of the net that it is made of."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from models.network.account import Account
from models.network.loads.bus_loads import BusLoads, GivenSeries
from models.network.loads.composing import Given, bus_loads
from models.network.loads.elements import NO_ELEMENTS, Elements
from models.network.loads.own_series import own_series
from models.network.loads.series_csv import csv_series
from models.network.source import source_of
from models.records.arrays import SECONDS_PER_HOUR
from models.records.feeder import RadialFeeder
from models.tables import simbench_year
from models.tables.table_format import TableFormat
from testbed.scenario import record as described
from testbed.scenario.files import files_digest, network_files
from testbed.scenario.parts import district as district_part
from testbed.setup.blocks import from_blocks
from testbed.setup.networks.feeders import build_feeder, limits_of
from testbed.wiring.run_spec import DAY_S


def build_loads(district: district_part.District, scenario: described.Scenario) -> BusLoads | None:
    """What the buses of the district's network draw without cars, None where it has none.

    RecordError tells what is wrong with its series, or that they do not cover the scenario's days.
    """
    loads = _loads_of(district)
    if loads is not None and loads.series is not None:
        loads.series.check_span(*_span_s(scenario))
    return loads


def _loads_of(district: district_part.District) -> BusLoads | None:
    if district.feeder is None:
        return None
    series = () if district.series.file is None else (Path(district.series.file),)
    return _loads(district.model_dump_json(), files_digest((*network_files(district), *series)))


@lru_cache(maxsize=16)
def _loads(district_json: str, content: str) -> BusLoads:
    district = district_part.District.model_validate_json(district_json)
    feeder = build_feeder(district)
    assert feeder is not None
    source = source_of(str(district.feeder))
    elements = source.elements(str(district.feeder), feeder.bus_number) if source.elements else NO_ELEMENTS
    given = from_blocks(Given, district, others_constant=district.series.others == "constant",
                        curtailable=district.series.curtailable)
    return bus_loads(feeder, elements, given, _series_of(district, feeder, elements))


def _series_of(district: district_part.District, feeder: RadialFeeder, elements: Elements) -> GivenSeries | None:
    s = district.series
    if s.own_profiles and (profiles := source_of(str(district.feeder)).profiles):
        first_s = 0 if s.start_date is None else simbench_year.first_s(s.start_date)
        return own_series(profiles(str(district.feeder)), elements, feeder, first_s)
    if s.file is None:
        return None
    return csv_series(Path(s.file), s.resolution_s, from_blocks(TableFormat, s.format), feeder, elements, s.start_date)


def _span_s(scenario: described.Scenario) -> tuple[int, int]:
    """First and last instant, from the first counted midnight, of which operators or the world may ask."""
    ahead_h = max(scenario.planning.horizon_h, scenario.spatial.look_ahead_h)
    return -scenario.days_before * DAY_S, scenario.days * DAY_S + ahead_h * SECONDS_PER_HOUR


def network_account(district: district_part.District) -> Account | None:
    """What became of each element of the net that the district's network is made of; None where it comes from no net.

    Raises RecordError where the net cannot serve, or where pandapower itself finds no power flow of it.
    """
    if district.feeder is None or (account := source_of(district.feeder).account) is None:
        return None
    return account(district.feeder, limits_of(district), _taken(district))


def _taken(district: district_part.District) -> dict[tuple[str, int], str]:
    """How generators and storages of the net are taken."""
    loads = _loads_of(district)
    return {} if loads is None else dict(loads.taken)


def series_notes(scenario: described.Scenario) -> list[str]:
    """How the districts' series were read, and what has none."""
    return [f"district {district.name}: series {district.series.file or 'of the network'}: {note}"
            for district in scenario.districts if district.series.is_given
            if (loads := _loads_of(district)) is not None for note in loads.notes]
