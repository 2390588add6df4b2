"""`testbed list`."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from testbed.cli.catalogue import catalogue
from testbed.cli.ending import reported
from testbed.cli.saying import tell


class Listed(str, Enum):  # noqa: UP042  typer shows and parses str enums
    """What `testbed list` can list."""

    controllers = "controllers"
    scenarios = "scenarios"
    studies = "studies"
    networks = "networks"
    tariffs = "tariffs"
    drivers = "drivers"
    faults = "faults"
    wear_models = "wear-models"
    metrics = "metrics"
    figures = "figures"


@reported
def command(what: Annotated[Listed, typer.Argument(help="What to list.")]) -> None:
    """List what there is: the name first on each line, then what it is."""
    rows = catalogue(what.value)
    width = max((len(name) for name in rows), default=0)
    for name, text in rows.items():
        tell(f"{name:<{width}}  {text}")
