"""The verdict of the audit on one file, printed; what `testbed audit FILE` and `testbed check FILE` do."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from testbed.auditing.of_runs import audited
from testbed.cli.ending import FAILED
from testbed.cli.opened import content_read
from testbed.cli.saying import tell
from testbed.results.trial import trial_mistake
from testbed.running.preflight import WrongRequest
from testbed.scenario.marked_yaml import LONGEST
from testbed.scenario.plain_text import path_mistake


def print_audit(file: Path, as_json: bool = False) -> None:
    """Violations, notes, and their number; exit code 1 where there is a violation."""
    if wrong := path_mistake(str(file)):
        raise WrongRequest([f"{str(file)[:LONGEST]}: {wrong}"])
    if file.is_file() and (damage := trial_mistake(file)):
        raise WrongRequest([f"{file}: {damage}"])
    with content_read(file):
        run = audited(file)
    if as_json:
        print(json.dumps({"file": str(file), "violations": run.violations, "notes": run.notes}, allow_nan=False))
    else:
        for line in (*run.violations, *run.notes):
            tell(line)
        tell(f"{file}: {len(run.violations)} violations, {len(run.notes)} notes")
    if run.violations:
        raise typer.Exit(FAILED)
