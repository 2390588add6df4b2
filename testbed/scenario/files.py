"""Files that a scenario names: their content is part of it, and elsewhere they need their whole path."""

from __future__ import annotations

import hashlib
from pathlib import Path

from models.mobility.recorded_sessions import SHIPPED
from testbed.scenario.record import Scenario


def named_files(scenario: Scenario) -> tuple[Path, ...]:
    """Networks, series and sessions of the user's own, each once."""
    texts = [scenario.profiles.file]
    for district in scenario.districts:
        texts += [_network_file(district.feeder), _sessions_file(district.sessions)]
    return tuple(Path(text) for text in dict.fromkeys(texts) if text is not None)


def files_digest(scenario: Scenario) -> str:
    """sha256 of the content of all named files in their order; empty without any."""
    files = named_files(scenario)
    if not files:
        return ""
    return hashlib.sha256("".join(map(file_digest, files)).encode()).hexdigest()


def file_digest(file: Path) -> str:
    """sha256 of its content; `missing` where there is none."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "missing"


def at_home(scenario: Scenario) -> Scenario:
    """The same scenario with whole paths, for processes that run in another folder."""
    profiles = scenario.profiles.model_copy(update={"file": _whole(scenario.profiles.file)})
    districts = tuple(
        district.model_copy(update={"feeder": _whole(_network_file(district.feeder)) or district.feeder,
                                    "sessions": _whole(_sessions_file(district.sessions)) or district.sessions})
        for district in scenario.districts)
    return scenario.model_copy(update={"profiles": profiles, "districts": districts})


def _network_file(feeder: str | None) -> str | None:
    return feeder if feeder is not None and feeder.endswith(".json") else None


def _sessions_file(sessions: str | None) -> str | None:
    return None if sessions in SHIPPED else sessions


def _whole(text: str | None) -> str | None:
    return None if text is None else str(Path(text).resolve())
