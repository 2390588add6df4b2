"""A scenario, a study or a result, checked without a run; what `testbed check` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.records.arrays import RecordError
from testbed.running.input_notes import input_notes
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario.record import Scenario as Keys
from testbed.scenario.twins import twin_notes
from testbed.scripting.scenario import Scenario
from testbed.sweeping.study import cases_of, load_study

if TYPE_CHECKING:
    from testbed.auditing.of_runs import AuditedRun


def check(what: str | Path | Scenario) -> list[str]:
    """Open all that a scenario or study names and try how a run begins, or audit a result.

    Returns what there is to say, a line each: of a scenario and a study that they are valid, of a result the violations
    and notes of the audit, with their number last. Raises WrongRequest with every mistake.

    >>> import testbed as tb
    >>> print(tb.check("smoke")[0])
    smoke is valid: days 1, ... seed 1; feeder33 (15 cars, ieee33), rest (5 cars, no network)
    """
    from testbed.scripting.given import kind_of  # noqa: PLC0415 - lists what there is

    if isinstance(what, Scenario):
        return scenario_lines(what.keys)
    text = str(what)
    if text.endswith(".h5"):
        return _result_lines(Path(what))
    return study_lines(text) if kind_of(text) == "study" else scenario_lines(checked_scenario(text))


def audited_result(file: Path) -> AuditedRun:
    """What the audit says of the result in the file; WrongRequest where there is none, or a damaged one."""
    from testbed.auditing.of_runs import audited  # noqa: PLC0415 - the audit takes a third of a second
    from testbed.scripting.opened import content_read, tried  # noqa: PLC0415

    tried(file)
    with content_read(file):
        return audited(file)


def _result_lines(file: Path) -> list[str]:
    run = audited_result(file)
    return [*run.violations, *run.notes, f"{file}: {len(run.violations)} violations, {len(run.notes)} notes"]


def scenario_lines(scenario: Keys) -> list[str]:
    """What a run of it would begin with; WrongRequest with every mistake."""
    from testbed.running.rehearsal import rehearsed  # noqa: PLC0415 - networks take a second to load
    from testbed.setup.classes import fleet_parameters  # noqa: PLC0415

    controller_notes = _controller_notes(scenario)
    lines = [*rehearsed(scenario), *_accounts(scenario),
             *(f"note: {note}" for note in (*input_notes(scenario), *controller_notes))]
    cars = ", ".join(f"{district.name} ({sum(fleet_parameters(scenario, district).counts)} cars, "
                     f"{district.feeder or 'no network'})"
                     for district in scenario.districts)
    return [f"{scenario.name} is valid: days {scenario.days}, steps of {scenario.step_s} s, seed {scenario.seed}; "
            f"{cars}", *lines]


def _controller_notes(scenario: Keys) -> list[str]:
    """Names of no controller that comes along; WrongRequest where one that does cannot have its parameters."""
    if not scenario.controllers:
        return []
    from testbed.setup.controller_loading import (  # noqa: PLC0415 - controllers take a second to load
        ControllerError,
        load_controller,
    )
    from testbed.setup.given_controllers import unknown_names  # noqa: PLC0415

    unknown, mistakes = unknown_names(scenario.controllers, []), []
    for name in scenario.controllers:
        try:
            if not any(text.startswith(f"controllers.{name}: ") for text in unknown):
                load_controller(name, scenario.controllers)
        except ControllerError as error:
            mistakes.append(f"controllers.{name}: {error}")
    if mistakes:
        raise WrongRequest(mistakes)
    return [f"{text}; parameters count for one of your own of this name" for text in unknown]


def _accounts(scenario: Keys) -> list[str]:
    """What became of each element of the nets that the districts' feeders are made of; WrongRequest where one fails."""
    from testbed.setup.networks.loads import network_account  # noqa: PLC0415 - networks take a second to load

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


def study_lines(name: str) -> list[str]:
    """Every case's request, and what a run of each different scenario would meet; WrongRequest with every mistake."""
    from testbed.running.rehearsal import rehearsed  # noqa: PLC0415 - networks take a second to load

    study, file = load_study(name)
    cases = cases_of(study, file.parent)
    texts: Sequence[str] = list(dict.fromkeys(case.scenario_json for case in cases))
    mistakes: list[str] = []
    for text in texts:
        try:
            rehearsed(Keys.model_validate_json(text))
        except WrongRequest as wrong:
            mistakes += wrong.mistakes
    if mistakes:
        raise WrongRequest(list(dict.fromkeys(mistakes)))
    return [f"{study.name} is valid: {len(cases)} cases of {len(texts)} scenarios under {', '.join(study.controllers)}",
            *(f"note: {note}" for note in twin_notes(json.loads(text) for text in texts))]
