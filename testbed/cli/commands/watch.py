"""`testbed watch`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import FAILED, reported
from testbed.cli.saying import say, tell
from testbed.reporting.live.server import follow
from testbed.scripting.given import expect


@reported
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE.h5", help="The file that a run is writing.")],
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N",
                    help="Port on the loopback; 0: any that is free.")] = 0,
) -> None:
    """Follow a running simulation on a page of this machine, from the file that it writes; prints its address."""
    expect("result", str(file))
    known = follow(file, port, tell_now)
    say(known.ending)
    if known.status != "completed":
        raise typer.Exit(FAILED)


def tell_now(address: str) -> None:
    """At once, also into a pipe."""
    tell(address)
    sys.stdout.flush()
