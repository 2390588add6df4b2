"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ScenarioName = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a YAML file.")]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE",
                      help="Replace one key, e.g. objective.wear_usd_per_mwh=0; may be repeated.")]
PlanFile = Annotated[Path | None, typer.Option("--plan", metavar="FILE.h5",
                     help="Replay the upper plan stored in this result.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
NoAudit = Annotated[bool, typer.Option("--no-audit", help="Do not hold the results against the audit's rules.")]
Force = Annotated[bool, typer.Option("--force", help="Write over results of other requests.")]
