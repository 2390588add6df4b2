"""The scenario's series, built once per process and content of the file that they may come from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from models.system.profiles import Profiles, csv_profiles, simbench_profiles, ten_unit_profiles
from testbed.scenario import record as described
from testbed.scenario.files import file_digest
from testbed.scenario.parts.system import Profiles as ProfilesPart


def build_profiles(scenario: described.Scenario) -> Profiles:
    """Load, wind and PV of the scenario."""
    p = scenario.profiles
    return _profiles(p, file_digest(Path(p.file)) if p.file else "")


@lru_cache(maxsize=2)
def _profiles(p: ProfilesPart, content: str) -> Profiles:
    if p.source == "ten_unit":
        return ten_unit_profiles(p.load_peak_mw, p.wind_capacity_mw, p.pv_capacity_mw)
    if p.source == "csv":
        return csv_profiles(Path(p.file or ""), p.resolution_s)
    if p.start_date is None:
        raise ValueError("profiles.source=simbench needs profiles.start_date")
    return simbench_profiles(p.start_date, p.load_peak_mw, p.wind_capacity_mw, p.pv_capacity_mw, p.load_columns,
                             p.wind_columns, p.pv_columns)
