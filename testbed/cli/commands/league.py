"""`testbed league`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import FAILED, reported
from testbed.cli.interrupts import heeding
from testbed.cli.saying import say, tell
from testbed.league.league import PAGE, league_request, play
from testbed.users.parameters import listed
from testbed.wiring.stopping import heeded_signals


@reported
def command(
    add: Annotated[list[str] | None, typer.Option("--add", metavar="mine.py:Class",
                   help="A controller of your own, in a process of its own; may be repeated.")] = None,
    controllers: Annotated[str, typer.Option(metavar="A,B,C",
                           help="Shipped controllers, beside the two bases [default: all].")] = "",
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR",
                      help="Folder of the league [default: results/league].")] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N",
                       help="Processes on this machine [default: one a core].")] = None,
) -> None:
    """Run controllers on the league's scenarios and seeds: 0 is uncoordinated, 100 is oracle."""
    league = league_request(add or (), listed(controllers), output)
    with heeded_signals() as is_stopped:
        play(league, workers, heeding(is_stopped, say))
    tell((league.folder / PAGE).read_text(encoding="utf-8").rstrip())
    missing = sum(not (sweep.folder / "cases" / f"{case.key}.json").is_file()
                  for sweep in league.sweeps for case in sweep.cases)
    if missing:
        say(f"testbed: {missing} cases failed, see failed.csv in the folders of {league.folder}")
        raise typer.Exit(FAILED)
