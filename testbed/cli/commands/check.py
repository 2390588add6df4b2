"""`testbed check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.records.arrays import RecordError
from testbed.cli.audit_text import print_audit
from testbed.cli.ending import reported
from testbed.cli.given import kind_of
from testbed.cli.options import Overrides
from testbed.cli.saying import tell
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.record import Scenario
from testbed.setup.input_notes import input_notes
from testbed.sweeping.study import cases_of, load_study


@reported
def command(
    given: Annotated[str, typer.Argument(metavar="SCENARIO|STUDY|FILE.h5", help="A scenario, a study, or a result.")],
    overrides: Overrides = None,
) -> None:
    """Open all that a scenario or study names and try how a run begins, or audit a result."""
    kind = "result" if given.endswith(".h5") else kind_of(given)
    if overrides and kind in {"result", "study"}:
        raise WrongRequest([f"--set: is for a scenario, and {given} is a {kind}"])
    if kind == "result":
        print_audit(Path(given))
    elif kind == "study":
        _check_study(given)
    else:
        _check_scenario(checked_scenario(given, overrides or ()))


def _check_scenario(scenario: Scenario) -> None:
    from testbed.running.rehearsal import rehearsed  # noqa: PLC0415 - networks take a second to load

    lines = [*rehearsed(scenario), *_accounts(scenario)]
    cars = ", ".join(f"{district.name} ({district.vehicle_count} cars, {district.feeder or 'no network'})"
                     for district in scenario.districts)
    tell(f"{scenario.name} is valid: days {scenario.days}, steps of {scenario.step_s} s, seed {scenario.seed}; {cars}")
    for line in (*lines, *(f"note: {note}" for note in input_notes(scenario))):
        tell(line)


def _accounts(scenario: Scenario) -> list[str]:
    """What became of each element of the nets that the districts' feeders are made of; WrongRequest where one fails."""
    from testbed.setup.districts import network_account  # noqa: PLC0415 - networks take a second to load

    lines, mistakes = list[str](), []
    for district in scenario.districts:
        try:
            account = network_account(district)
        except RecordError as error:
            mistakes.append(f"district {district.name}: {error}")
            continue
        if account is not None:
            lines += [f"{district.name}: {district.feeder}", *(f"  {line}" for line in account.lines())]
    if mistakes:
        raise WrongRequest(mistakes)
    return lines


def _check_study(name: str) -> None:
    """Every case's request, and what a run of each different scenario would meet."""
    from testbed.running.rehearsal import rehearsed  # noqa: PLC0415 - networks take a second to load

    study, file = load_study(name)
    cases = cases_of(study, file.parent)
    texts = dict.fromkeys(case.scenario_json for case in cases)
    mistakes: list[str] = []
    for text in texts:
        try:
            rehearsed(Scenario.model_validate_json(text))
        except WrongRequest as wrong:
            mistakes += wrong.mistakes
    if mistakes:
        raise WrongRequest(list(dict.fromkeys(mistakes)))
    tell(f"{study.name} is valid: {len(cases)} cases of {len(texts)} scenarios under {', '.join(study.controllers)}")

