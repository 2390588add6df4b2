"""`testbed check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.audit_text import print_audit
from testbed.cli.ending import reported
from testbed.cli.options import Overrides, names_of
from testbed.cli.saying import tell
from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scripting.checking import scenario_lines, study_lines
from testbed.scripting.given import kind_of


@reported
def command(
    given: Annotated[str, typer.Argument(metavar="SCENARIO|STUDY|FILE.h5", help="A scenario, a study, or a result.",
                                         autocompletion=names_of("scenarios", "studies"))],
    overrides: Overrides = None,
) -> None:
    """Open all that a scenario or study names and try how a run begins, or audit a result."""
    kind = "result" if given.endswith(".h5") else kind_of(given)
    if overrides and kind in {"result", "study"}:
        raise WrongRequest([f"--set: is for a scenario, and {given} is a {kind}"])
    if kind == "result":
        print_audit(Path(given))
        return
    for line in study_lines(given) if kind == "study" else scenario_lines(checked_scenario(given, overrides or ())):
        tell(line)
