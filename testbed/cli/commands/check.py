"""`testbed check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.network.source import source_of
from testbed.checks.result import check_result
from testbed.cli.ending import FAILED, reported
from testbed.cli.opened import opened
from testbed.cli.options import Overrides
from testbed.running.preflight import checked_scenario


@reported
def command(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO|FILE.h5", help="A scenario, or a result.")],
    overrides: Overrides = None,
) -> None:
    """Check a scenario without running it, or hold a result against all rules; all mistakes at once."""
    if scenario.endswith(".h5"):
        _check_result(Path(scenario))
        return
    checked = checked_scenario(scenario, overrides or ())
    cars = ", ".join(f"{district.name} ({district.vehicle_count} cars, {district.feeder or 'no network'})"
                     for district in checked.districts)
    print(f"{checked.name} is valid: days {checked.days}, steps of {checked.step_s} s, seed {checked.seed}; {cars}")
    for district in checked.districts:
        if district.feeder and (taken := source_of(district.feeder).taken):
            print(f"{district.name}: {district.feeder}, {taken(district.feeder)}")


def _check_result(file: Path) -> None:
    verdict = check_result(opened(file))
    for line in (*verdict.violations, *(f"note: {note}" for note in verdict.notes)):
        print(line)
    print(f"{file}: {len(verdict.violations)} violations, {len(verdict.notes)} notes")
    if verdict.violations:
        raise typer.Exit(FAILED)
