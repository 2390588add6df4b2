"""`testbed sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.options import NoAudit
from testbed.cli.study_run import run_study


@reported
def command(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's name, or a YAML file.")],
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR",
                      help="Folder of the study's results [default: results/STUDY].")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="tcp://HOST:PORT|FILE.json",
                         help="A running Dask scheduler or its file [default: workers on this machine].")] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N",
                       help="Processes on this machine [default: one a core].")] = None,
    case: Annotated[list[str] | None, typer.Option(metavar="KEY", help="This case only; may be repeated.")] = None,
    no_audit: NoAudit = False,
) -> None:
    """Run all cases of a study on Dask; complete ones are kept, so the same command resumes."""
    run_study(study, output, scheduler, workers, case or (), is_audited=not no_audit)
