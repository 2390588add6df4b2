"""`testbed report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.saying import say, tell
from testbed.reporting.report import write_report
from testbed.reporting.study.cases import is_study
from testbed.reporting.study.report import write_study_report
from testbed.results.reading import Result
from testbed.running.preflight import WrongRequest, file_mistakes
from testbed.scripting.given import expect
from testbed.scripting.opened import content_read, opened

FIRST = ("uncoordinated", "no_pev")
"""What a folder's report shows first, if it is there: what others are compared with, then the system without cars."""


@reported
def command(
    source: Annotated[Path, typer.Argument(metavar="FILE.h5|DIR|STUDY_DIR")],
    output: Annotated[Path | None, typer.Option("-o", metavar="FILE.html",
                      help="The report [default: FILE.html, or DIR/report.html].")] = None,
) -> None:
    """Write one self-contained HTML page about a result, all results of a folder, or a study with its tables."""
    expect("result", str(source))
    if output is None:
        output = source / "report.html" if source.is_dir() else source.with_suffix(".html")
    mistakes = file_mistakes(output, "-o", ".html")
    if is_study(source):
        _of_study(source, output, mistakes)
        return
    paths = _results_in(source, mistakes)
    if mistakes:
        raise WrongRequest(mistakes)
    with content_read(source):
        write_report(paths, output)
    tell(output)


def _of_study(folder: Path, output: Path, mistakes: list[str]) -> None:
    if mistakes:
        raise WrongRequest(mistakes)
    with content_read(folder):
        files = write_study_report(folder, output)
    for file in files:
        tell(file)


def _results_in(source: Path, mistakes: list[str]) -> list[Path]:
    """The file itself, or the results in a folder; files there that are none are named on stderr.

    First come the runs that others are compared with, then those without cars.
    """
    good: list[Result] = []
    bad: list[str] = []
    for path in sorted(source.glob("*.h5")) if source.is_dir() else [source]:
        try:
            good.append(opened(path))
        except WrongRequest as wrong:
            bad += wrong.mistakes
    if not good:
        mistakes += bad or [f"{source}: holds no result (*.h5)"]
    else:
        for problem in bad:
            say(f"left out: {problem}")
    good.sort(key=lambda result: (result.controller not in FIRST, result.controller != FIRST[0]))
    return [result.path for result in good]
