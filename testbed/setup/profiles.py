"""The scenario's series, built once per process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from models.system.profiles import Profiles, csv_profiles, simbench_profiles, ten_unit_profiles
from testbed.scenario import record as described
from testbed.scenario.parts.system import Profiles as ProfilesPart
from testbed.setup.blocks import from_blocks


def build_profiles(scenario: described.Scenario) -> Profiles:
    """Load, wind and PV of the scenario."""
    return _profiles(scenario.profiles)


@lru_cache(maxsize=2)
def _profiles(p: ProfilesPart) -> Profiles:
    if p.source == "ten_unit":
        return from_blocks(ten_unit_profiles, p)
    if p.source == "csv":
        return from_blocks(csv_profiles, p, file=Path(p.file or ""))
    if p.start_date is None:
        raise ValueError("profiles.source=simbench needs profiles.start_date")
    return from_blocks(simbench_profiles, p)
