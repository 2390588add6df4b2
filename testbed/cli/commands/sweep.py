"""`testbed sweep`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.options import NoAudit, names_of
from testbed.cli.study_run import run_alone, run_study, tell_status
from testbed.running.preflight import WrongRequest


@reported
def command(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A study's name, or a YAML file.",
                                         autocompletion=names_of("studies"))],
    output: Annotated[Path | None, typer.Option("-o", metavar="DIR",
                      help="Folder of the study's results [default: results/STUDY].")] = None,
    scheduler: Annotated[str | None, typer.Option(metavar="tcp://HOST:PORT|FILE.json",
                         help="A running Dask scheduler or its file [default: workers on this machine].")] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N",
                       help="Processes on this machine [default: one a core].")] = None,
    case: Annotated[list[str] | None, typer.Option(metavar="N|N-M|KEY",
                    help="This case only, by its place from 1 or its key, or some in a row; in this process, beside "
                         "others of the same study. May be repeated.")] = None,
    status: Annotated[bool, typer.Option("--status", help="Only tell how far the study is.")] = False,
    no_audit: NoAudit = False,
) -> None:
    """Run all cases of a study on Dask; complete ones are kept, so the same command resumes."""
    if status and (case or scheduler is not None or workers is not None):
        raise WrongRequest(["--status: is about the whole study and runs nothing; not with --case, --workers or "
                            "--scheduler"])
    if status:
        tell_status(study, output)
    elif case and scheduler is None and workers is None:
        run_alone(study, output, case, is_audited=not no_audit)
    else:
        run_study(study, output, scheduler, workers, case or (), is_audited=not no_audit)
