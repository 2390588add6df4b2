"""`testbed acceptance`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from testbed.acceptance.case import CaseError
from testbed.acceptance.suite import SHIPPED, Outcome, run_suite
from testbed.cli.ending import FAILED, reported
from testbed.cli.options import AsJson
from testbed.cli.saying import tell
from testbed.running.preflight import WrongRequest, file_mistakes
from testbed.wiring.whole_files import write_whole


@reported
def command(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Only these cases.")] = None,
    cases: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the cases are, a folder each.")] = SHIPPED,
    fast: Annotated[bool, typer.Option("--fast", help="Without those that take seconds each.")] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.md", help="Write a page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask cases with known right answers; this testbed's answers beside those of other simulators."""
    if output and (mistakes := file_mistakes(output, "-o", ".md")):
        raise WrongRequest(mistakes)
    try:
        outcome = run_suite(cases, names or (), with_slow=not fast)
    except CaseError as error:
        raise WrongRequest(error.mistakes) from error
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_whole(output, outcome.page().encode())
    if as_json:
        print(json.dumps({"verdicts": [verdict.to_json() for verdict in outcome.verdicts.values()]}))
    else:
        _tell(outcome)
    if any(verdict.status != "right" for verdict in outcome.ours):
        raise typer.Exit(FAILED)


def _tell(outcome: Outcome) -> None:
    """A line for each case, and how many are right by engine."""
    width = max(len(case.name) for case in outcome.cases)
    for case in outcome.cases:
        for engine in outcome.engines:
            verdict = outcome.verdicts[case.name, engine]
            if verdict.status != "cannot":
                tell(f"{case.name:<{width}}  {engine:<8}  {verdict.status:<5}  {verdict.got}")
    for engine in outcome.engines:
        status = [outcome.verdicts[case.name, engine].status for case in outcome.cases]
        counts = ", ".join(f"{status.count(name)} {name}" for name in ("right", "wrong", "cannot"))
        tell(f"{engine}: {counts}")
