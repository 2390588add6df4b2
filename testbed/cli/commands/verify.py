"""`testbed verify`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from testbed.checks.verify import print_checks, run_checks
from testbed.cli.ending import FAILED, reported
from testbed.cli.options import AsJson


@reported
def command(slow: Annotated[bool, typer.Option("--slow", help="Also those that take minutes.")] = False,
            as_json: AsJson = False) -> None:
    """Compute the known answers and hold them against their sources."""
    checks = run_checks(slow)
    if as_json:
        print(json.dumps({"checks": [check.to_json() for check in checks]}, allow_nan=False))
    else:
        print_checks(checks)
    if not all(check.passed for check in checks):
        raise typer.Exit(FAILED)
