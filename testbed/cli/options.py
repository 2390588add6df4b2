"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def names_of(*kinds: str) -> Callable[[str], list[str]]:
    """What completes a word in the shell: members of these kinds of `testbed list` that begin so."""
    def beginning(incomplete: str) -> list[str]:
        from testbed.cli.catalogue import catalogue  # noqa: PLC0415 - in a shell only

        before, comma, word = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for kind in kinds for name in catalogue(kind) if name.startswith(word)]
    return beginning


def keys_of_scenarios(incomplete: str) -> list[str]:
    """What completes `--set`: keys that begin so."""
    from testbed.cli.key_rows import key_names  # noqa: PLC0415 - in a shell only

    return [name for name in key_names() if name.startswith(incomplete)]


ScenarioName = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a YAML file.",
                                             autocompletion=names_of("scenarios"))]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", autocompletion=keys_of_scenarios,
                      help="Replace one key, e.g. objective.wear_usd_per_mwh=0; may be repeated.")]
PlanFile = Annotated[Path | None, typer.Option("--plan", metavar="FILE.h5",
                     help="Replay the upper plan stored in this result.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
NoAudit = Annotated[bool, typer.Option("--no-audit", help="Do not hold the results against the audit's rules.")]
Force = Annotated[bool, typer.Option("--force", help="Write over results of other requests.")]
