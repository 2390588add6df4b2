"""`testbed new`."""

from __future__ import annotations

from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.saying import tell
from testbed.scripting.new_world import write_world


@reported
def command(
    name: Annotated[str, typer.Argument(help="Folder to be made; it must not be there yet.")],
    base: Annotated[str, typer.Option("--from", metavar="SCENARIO", help="What the new one extends.")] = "smoke",
) -> None:
    """Write a folder with a commented scenario and tables to fill in, which run as they are."""
    for file in write_world(name, base):
        tell(str(file))
