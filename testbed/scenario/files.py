"""Files that a scenario names: their content is part of it, and elsewhere they need their whole path."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.mobility.recorded_sessions import SHIPPED
from models.mobility.trips_csv import SHIPPED as SHIPPED_TRIPS
from models.network.source import source_of
from models.system.own_profiles import SHIPPED_SERIES
from models.system.tariff import is_file_of_prices
from models.system.unit_tables import is_file_of_units
from models.tables.mistakes import Mistakes
from models.tables.text import read_text
from testbed.scenario.parts.classes import LAWS_OF_TRIPS
from testbed.scenario.parts.district import District
from testbed.scenario.record import Scenario

FILES_OF_NETWORKS = (".json", ".m", ".dss", ".DSS")


def named_files(scenario: Scenario) -> tuple[Path, ...]:
    """Networks, units, series and sessions of the user's own, each once."""
    texts: list[str | None] = []
    for district in scenario.districts:
        texts += [district.series.file, _sessions_file(district.sessions), district.cars_file]
    texts += [_trips_file(c.trips) for c in scenario.fleet.classes.values()]
    networks = (file for district in scenario.districts for file in network_files(district))
    return tuple(dict.fromkeys((*system_files(scenario), *networks, *_paths(texts))))


def network_files(district: District) -> tuple[Path, ...]:
    """Those of which the district's network is made; none where it comes along."""
    if district.feeder is None:
        return ()
    given = () if district.connections.file is None else (Path(district.connections.file),)
    files = source_of(district.feeder).files
    return (*(_paths([_network_file(district.feeder)]) if files is None else files(district.feeder)), *given)


def system_files(scenario: Scenario) -> tuple[Path, ...]:
    """Those of the power system: series, units and prices."""
    return _paths([_series_file(scenario), _units_file(scenario), _prices_file(scenario)])


def brought_texts(scenario: Scenario) -> dict[str, tuple[str, str]]:
    """{what: (name, text)} of tables of the power system and of series of buses, for results that travel without them.

    Raises TableError where a file has gone since it was checked.
    """
    profiles, tariff, system = scenario.profiles, scenario.tariff, scenario.system
    brought = {"units": (_units_file(scenario), system.units_format.encoding),
               "profiles": (_series_file(scenario), profiles.file_format.encoding),
               "prices": (_prices_file(scenario), tariff.file_format.encoding),
               **{f"series_{district.name}": (district.series.file, district.series.format.encoding)
                  for district in scenario.districts}}
    return {what: (Path(path).name, read_text(Path(path), encoding, Mistakes(Path(path)))[0])
            for what, (path, encoding) in brought.items() if path is not None}


def _paths(texts: Iterable[str | None]) -> tuple[Path, ...]:
    return tuple(Path(text) for text in texts if text is not None)


def files_digest(files: Sequence[Path]) -> str:
    """sha256 of the content of all files in their order; empty without any."""
    if not files:
        return ""
    return hashlib.sha256("".join(map(file_digest, files)).encode()).hexdigest()


def file_digest(file: Path) -> str:
    """sha256 of its content; `missing` where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "missing"


def at_home(scenario: Scenario) -> Scenario:
    """The same scenario with whole paths, for processes that run in another folder."""
    profiles = scenario.profiles.model_copy(update={"file": _whole(_series_file(scenario)) or scenario.profiles.file})
    districts = tuple(
        district.model_copy(update={"feeder": _whole(_network_file(district.feeder)) or district.feeder,
                                    "connections": district.connections.model_copy(
                                        update={"file": _whole(district.connections.file)}),
                                    "series": district.series.model_copy(
                                        update={"file": _whole(district.series.file)}),
                                    "sessions": _whole(_sessions_file(district.sessions)) or district.sessions,
                                    "cars_file": _whole(district.cars_file)})
        for district in scenario.districts)
    system = scenario.system.model_copy(update={"units": _whole(_units_file(scenario)) or scenario.system.units})
    tariff = scenario.tariff.model_copy(update={"table": _whole(_prices_file(scenario)) or scenario.tariff.table})
    classes = {name: c.model_copy(update={"trips": _whole(_trips_file(c.trips)) or c.trips})
               for name, c in scenario.fleet.classes.items()}
    return scenario.model_copy(update={"profiles": profiles, "system": system, "tariff": tariff, "districts": districts,
                                       "fleet": scenario.fleet.model_copy(update={"classes": classes})})


def _units_file(scenario: Scenario) -> str | None:
    return scenario.system.units if is_file_of_units(scenario.system.units) else None


def _series_file(scenario: Scenario) -> str | None:
    return None if scenario.profiles.file in SHIPPED_SERIES else scenario.profiles.file


def _prices_file(scenario: Scenario) -> str | None:
    return scenario.tariff.table if is_file_of_prices(scenario.tariff.table) else None


def _network_file(feeder: str | None) -> str | None:
    return feeder if feeder is not None and feeder.endswith(FILES_OF_NETWORKS) else None


def _sessions_file(sessions: str | None) -> str | None:
    return None if sessions in SHIPPED else sessions


def _trips_file(trips: str) -> str | None:
    return None if trips in LAWS_OF_TRIPS or trips in SHIPPED_TRIPS else trips


def _whole(text: str | None) -> str | None:
    return None if text is None else str(Path(text).resolve())
