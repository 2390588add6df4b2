"""A slice of `make fuzz`: a few inputs of every kind, and proof that the judge sees what it looks for."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from testbed.running.preflight import WrongRequest
from tests.fuzz.campaign import KINDS, Kind, Tally, carried_out, examples, page_text
from tests.fuzz.files import (
    AT_BUSES,
    CASE,
    DATED,
    ON_BUSES,
    ON_DAYS,
    ON_UNITS,
    PAYING,
    PRICES,
    PROFILES,
    REPLAY,
    SERIES,
    SESSIONS,
    UNITS,
    as_csv,
)
from tests.fuzz.judge import DONE, WRONG, Case, judged
from tests.fuzz.texts import BASE, OLD, STUDY
from tests.fuzz.world import lay_out

SEED = 3
FEW, SLICE = 2, 200
"""Inputs of each kind in `make test`; of all kinds in `make test-all`."""
APART = "result files"
"""A damaged file may end the process that reads it."""


@pytest.fixture
def folder(tmp_path: Path, there: Mapping[str, bytes]) -> Path:
    """Where they stand."""
    lay_out(tmp_path, there)
    return tmp_path


@pytest.mark.parametrize("is_few", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["few", "slice"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name != APART], ids=lambda kind: kind.name)
def test_inputs_are_taken_or_refused_with_a_clear_message(kind: Kind, there: Mapping[str, bytes], folder: Path,
                                                          is_few: bool) -> None:
    faults: list[str] = []

    def use(case: Case) -> None:
        if fault := judged(case, folder).fault:
            faults.append(f"{fault}\n{case!r}"[:1000])
    examples(kind.strategy(there), SEED, FEW if is_few else max(round(SLICE * kind.share), 6), use)
    assert not faults, "\n\n".join(faults)


@pytest.mark.parametrize("count", [2 * FEW, pytest.param(SLICE // 10, marks=pytest.mark.slow)])
def test_a_damaged_result_ends_no_process(there: Mapping[str, bytes], count: int) -> None:
    kind = next(kind for kind in KINDS if kind.name == APART)
    assert carried_out(kind, there, count, SEED).faults == []


@pytest.mark.parametrize("files", [
    {"mine.yaml": BASE}, {"mine.yaml": STUDY}, {"mine.yaml": REPLAY, "ses.csv": as_csv(SESSIONS)},
    {"mine.yaml": SERIES, "own.csv": as_csv(PROFILES)},
    {"mine.yaml": ON_DAYS, "own.csv": as_csv(DATED)}, {"mine.yaml": PAYING, "own.csv": as_csv(PRICES)},
    {"mine.yaml": ON_BUSES, "own.csv": as_csv(AT_BUSES)},
    {"mine.yaml": ON_UNITS.replace(b"NAME", b"own.csv"), "own.csv": as_csv(UNITS)},
    {"mine.yaml": ON_UNITS.replace(b"NAME", b"own.json"), "own.json": json.dumps(CASE).encode()},
], ids=["scenario", "study", "sessions", "profiles", "dated profiles", "prices", "series at buses", "units",
        "case of units"])
def test_what_is_mangled_was_right_before(files: dict[str, bytes], folder: Path) -> None:
    assert judged(Case(("check", "mine.yaml"), files), folder).exit_code == DONE


def test_a_campaign_goes_on_where_it_was(there: Mapping[str, bytes], tmp_path: Path) -> None:
    kind = next(kind for kind in KINDS if kind.name == "studies")
    first = carried_out(kind, there, 1, SEED, tmp_path)
    kept, = tmp_path.iterdir()
    kept.write_text(kept.read_text().replace('"faults": []', '"faults": ["as it was written"]'))
    assert carried_out(kind, there, 1, SEED, tmp_path) == replace(first, faults=["as it was written"])


# ---------------------------------------------------------------- the judge
def test_the_judge_leaves_all_as_it_was(folder: Path) -> None:
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert judged(Case(("run", "mine.yaml", "-o", OLD), {"mine.yaml": BASE}), folder).exit_code == WRONG
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def hang(*_: object) -> None:
    end = time.process_time() + 60
    while time.process_time() < end:
        pass


def throw(*_: object) -> None:
    raise KeyError("something")


def touch(*_: object) -> None:
    Path(OLD).touch()
    raise WrongRequest(["refused"])


def refuse_silently(*_: object) -> None:
    raise WrongRequest([])


@pytest.mark.parametrize(("stumble", "words"), [
    (hang, "took more than 0.2 s"), (throw, "unexpected KeyError"), (touch, "refused, but touched"),
    (refuse_silently, "refused without a word")])
def test_the_judge_sees(stumble: Any, words: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.judge.CPU_S", 0.2)
    monkeypatch.setattr("testbed.cli.commands.check.checked_scenario", stumble)
    assert words in judged(Case(("check", "base.yaml")), folder).fault


def test_the_page_counts_by_kind() -> None:
    tally = Tally()
    tally.codes.update({DONE: 3, WRONG: 1200})
    tally.faults.append("something")
    rows = page_text({"--set": tally}, 1).splitlines()
    assert rows[5].split() == ["--set", "1,203", "3", "1,200", "0", "1"] and rows[6].split()[0] == "all"
