"""Run experiments and publish them, or render the pages from what is published.

    python -m experiments.publishing run compliance --workers 2     runs or resumes all of it, then publishes
    python -m experiments.publishing render                         all pages and figures, no simulation
    python -m experiments.publishing render compliance              one page
    python -m experiments.publishing list                           experiments, their commands, how old they are

A stopped `run` goes on where it was. Its folder below results/ belongs to the code as it is: after a change of models,
controllers or testbed it begins anew, so a published table never mixes runs of different code.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from experiments.publishing import registry
from experiments.publishing.pages import pages_with
from experiments.publishing.publish import publish_pages, publish_run
from experiments.publishing.running import run_of
from experiments.publishing.tables import PublishedError, has_table, read_table
from experiments.runs import exit_code, say
from testbed.wiring.code_version import code_hash

LISTS = registry.COMMANDS.partition(".")[0]
"""First part of the block that lists experiments with the minutes they took."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.publishing", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    run = parts.add_parser("run", help="run or resume experiments, then publish them")
    run.add_argument("names", nargs="+", metavar="EXPERIMENT")
    run.add_argument("--workers", type=int, default=1, metavar="N", help="runs at a time (default 1)")
    run.add_argument("--no-audit", action="store_true", help="publish whatever the audit would say")
    render = parts.add_parser("render", help="pages and figures from published tables")
    render.add_argument("names", nargs="*", metavar="PAGE")
    parts.add_parser("list", help="experiments and their commands")
    return exit_code(lambda: _carry_out(parser.parse_args(arguments)))


def _carry_out(chosen: argparse.Namespace) -> int:
    try:
        if chosen.part == "list":
            _list()
        elif chosen.part == "render":
            _render(chosen.names)
        else:
            _run(chosen.names, chosen.workers, is_audited=not chosen.no_audit)
    except PublishedError as wrong:
        say(str(wrong))
        return 2
    return 0


def _list() -> None:
    """Experiments with their commands, and how old their tables are."""
    try:
        print(registry.commands_table())
        print("\n".join(ages(code_hash())), flush=True)
    except BrokenPipeError:  # whoever read our words has gone, as `head` does; Python must not flush into it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(names: Sequence[str], workers: int, is_audited: bool) -> None:
    if workers < 1:
        raise PublishedError(f"--workers {workers}: must be 1 or more")
    for experiment in [registry.experiment(name) for name in names]:
        publish_run(experiment, run_of(experiment.name, workers), is_audited=is_audited)
        shown_by = [*registry.showing(experiment.name), LISTS]
        _render([page.stem for page in dict.fromkeys(page for name in shown_by for page in pages_with(name))])


def ages(code: str) -> list[str]:
    """A line per experiment: when its tables were measured, and whether by this code."""
    lines = []
    for study in registry.experiments().values():
        records = [read_table(f"{study.name}.{table}").record for table in study.tables
                   if has_table(f"{study.name}.{table}")]
        dates = sorted({record.date for record in records}) or ["never"]
        lines.append(f"{study.name}: {dates[0]}, " + (
            "by this code" if records and {record.code for record in records} == {code} else "by other code"))
    return lines


def _render(names: Sequence[str]) -> None:
    for page in publish_pages(list(names)):
        say(f"rendered {page.name}")


if __name__ == "__main__":
    sys.exit(main())
