"""Small session files that were once read wrongly, or rightly and must stay so, each with its right value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from models.mobility.recorded_sessions import DAY_S, read_sessions
from models.records.arrays import RecordError
from models.tables.table_format import TableFormat
from tests.models.mobility.replayed import session_kwh

CASES = Path(__file__).parents[2] / "cases"
STEPS = (900, 3600)


def cases(*, refused: bool) -> list[Any]:
    chosen = []
    for folder in sorted(CASES.glob("s_*")):
        expected = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
        if ("refused" in expected) is refused:
            chosen.append(pytest.param(str(folder / "sessions.csv"), expected, id=folder.name))
    return chosen


@pytest.mark.parametrize(("file", "expected"), cases(refused=False))
def test_a_file_that_serves(file: str, expected: dict[str, Any]) -> None:
    recorded = read_sessions(file, TableFormat(time_zone=expected.get("time_zone")))
    arrivals = recorded.first_day + recorded.arrival_s.astype("timedelta64[s]")
    assert arrivals.astype("datetime64[m]").astype(str).tolist() == expected["arrivals"]
    stays_min = (recorded.departure_s - recorded.arrival_s) / 60
    assert stays_min.tolist() == expected.get("stays_min", stays_min.tolist())
    assert list(recorded.notes) == expected.get("notes", [])
    first_day = np.datetime64(expected.get("start_date", "2019-05-06")) - recorded.first_day
    first_s = int(first_day.astype(np.int64)) * DAY_S
    assert recorded.delivered_kwh.sum() == expected.get("delivered_kwh", recorded.delivered_kwh.sum())
    for step_s in STEPS:
        kwh = session_kwh(recorded, step_s, recorded.days)
        assert kwh[recorded.arrival_s >= first_s].sum() == pytest.approx(expected["charged_kwh"], abs=1e-9), step_s


@pytest.mark.parametrize(("file", "expected"), cases(refused=True))
def test_a_file_that_is_refused(file: str, expected: dict[str, Any]) -> None:
    with pytest.raises(RecordError) as raised:
        read_sessions(file)
    assert file in str(raised.value)
    for words in expected["refused"]:
        assert words in str(raised.value)
    assert str(raised.value).count("row ") >= len(expected["refused"])


@pytest.mark.parametrize(("file", "expected"), [case for case in cases(refused=False)
                                                if "refused_without_zone" in case.values[1]])
def test_a_clock_that_is_not_told_is_asked_for(file: str, expected: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match=expected["refused_without_zone"]):
        read_sessions(file)
