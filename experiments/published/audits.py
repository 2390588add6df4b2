"""What the independent audit says of all scenarios under all controllers, and of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, cross
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import audits as study

SHOWN = {"not allowed": "-", "failed": "failed", "open": ""}


def run(work: Run) -> None:
    """All cases, resumed; a violation is a row of the table here."""
    work.command(study.main, "-o", str(work.folder), accepts=(0, 1))


def violations(row: Row) -> str:
    """Their number; a dash where the controller does not run the scenario, nothing where it was not run yet."""
    return SHOWN.get(row["ending"], row["violations"])


def of_runs(rows: Sequence[Row]) -> str:
    """Controllers down, scenarios across, seeds apart where there are several."""
    return cross(rows, [code("violations", "controller")], code("", "place"), violations)


def of_networks(rows: Sequence[Row]) -> str:
    """Networks down, controllers across."""
    return cross(rows, [code("violations", "network")], code("", "controller"), violations)


def cheap(folder: Path) -> Mapping[str, float]:
    """One run of the table."""
    seen = study.verdict(study.Case("smoke", "uncoordinated", 1), folder)
    return {"violations": float(seen["violations"])}


EXPERIMENTS = (Experiment(
    name="audits", page="audit.md", question="Do results contradict themselves, their scenario or the model?",
    minutes="240", run=run,
    tables={"runs": Source("runs.csv", ", ".join(study.SCENARIOS), "1; smoke and study_day 1-3"),
            "networks": Source("networks.csv", "smoke", "1", study.OF_NETWORKS)},
    blocks={"runs": Block(("runs",), of_runs), "networks": Block(("networks",), of_networks)},
    cheap=CheapRow("smoke, seed 1, uncoordinated", cheap, relative=0.0)),)
