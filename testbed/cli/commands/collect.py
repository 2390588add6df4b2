"""`testbed collect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import FAILED, reported
from testbed.cli.saying import say, tell
from testbed.sweeping.collecting import collected
from testbed.sweeping.sweep import TABLE


@reported
def command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A study's folder.")]) -> None:
    """Make a study's tables of the cases in its folder, whoever carried them out."""
    place, standing = collected(folder)
    for line in standing.lines:
        say(line)
    tell(place / TABLE)
    if standing.missing:
        raise typer.Exit(FAILED)
