"""`testbed show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.options import AsJson
from testbed.metrics.of_runs import metrics_json
from testbed.reporting.tables import print_run
from testbed.scripting.given import expect
from testbed.scripting.opened import content_read, opened


@reported
def command(file: Annotated[Path, typer.Argument(metavar="FILE.h5")], as_json: AsJson = False) -> None:
    """Print all figures of a result."""
    expect("result", str(file))
    result = opened(file)
    with content_read(file):
        if as_json:
            print(json.dumps(metrics_json(result), allow_nan=False))
        else:
            print_run(result, headline=False)
