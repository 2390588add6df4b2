"""The scenario's series, built once per process and content of the file that they may come from."""

from __future__ import annotations

from functools import lru_cache

from models.system.own_profiles import csv_profiles, series_file
from models.system.profiles import Profiles, simbench_profiles, ten_unit_profiles
from models.tables.table_format import TableFormat
from testbed.scenario import record as described
from testbed.scenario.files import file_digest
from testbed.scenario.parts.system import Profiles as ProfilesPart
from testbed.setup.blocks import from_blocks


def build_profiles(scenario: described.Scenario) -> Profiles:
    """Load, wind and PV of the scenario."""
    p = scenario.profiles
    return _profiles(p, file_digest(series_file(p.file)) if p.file else "")


@lru_cache(maxsize=2)
def _profiles(p: ProfilesPart, content: str) -> Profiles:
    if p.source == "ten_unit":
        return from_blocks(ten_unit_profiles, p)
    if p.source == "csv":
        return csv_profiles(series_file(p.file or ""), p.resolution_s, from_blocks(TableFormat, p.file_format),
                            p.start_date, p.renewables_factor)
    return from_blocks(simbench_profiles, p)
