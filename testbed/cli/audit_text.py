"""The verdict of the audit on one file, printed; what `testbed audit FILE` and `testbed check FILE` do."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from testbed.cli.ending import FAILED
from testbed.cli.saying import tell
from testbed.scripting.checking import audited_result


def print_audit(file: Path, as_json: bool = False) -> None:
    """Violations, notes, and their number; exit code 1 where there is a violation."""
    run = audited_result(file)
    if as_json:
        print(json.dumps({"file": str(file), "violations": run.violations, "notes": run.notes}, allow_nan=False))
    else:
        for line in (*run.violations, *run.notes):
            tell(line)
        tell(f"{file}: {len(run.violations)} violations, {len(run.notes)} notes")
    if run.violations:
        raise typer.Exit(FAILED)
