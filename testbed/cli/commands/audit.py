"""`testbed audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.audit_text import print_audit
from testbed.cli.ending import reported
from testbed.cli.options import AsJson
from testbed.scripting.given import expect


@reported
def command(file: Annotated[Path, typer.Argument(metavar="FILE.h5")], as_json: AsJson = False) -> None:
    """Hold a result against all rules of the model, by code that shares nothing with the simulators."""
    expect("result", str(file))
    print_audit(file, as_json)
