"""What the independent audit says of all scenarios under all controllers, and of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import audits as study
from testbed.cli.doc_rows import markdown

HEAD = ("runs audited", "violations", "runs with notes", "not allowed", "not run")


def run(work: Run) -> None:
    """All cases, resumed; a violation is a row of the table here."""
    work.command(study.main, "-o", str(work.folder), "--workers", str(work.workers), accepts=(0, 1))


def verdicts(rows: Sequence[Row]) -> list[str]:
    """Cells of HEAD."""
    def those(ending: str) -> list[str]:
        return [row["controller"] for row in rows if row["ending"] == ending]

    audited = [row for row in rows if row["ending"] == "audited"]
    broken = sum(int(row["violations"]) for row in audited)
    noted = sum(row["notes"] != "0" for row in audited)
    return [str(len(audited)), str(broken), str(noted), _names(those("not allowed")),
            _names([f"{name} failed" for name in those("failed")] + those("open"))]


def _names(controllers: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in dict.fromkeys(controllers))


def table(first: str, rows: Sequence[Row], of: Callable[[Row], str]) -> str:
    """A line for each different `of`."""
    lines = {name: [row for row in rows if of(row) == name] for name in dict.fromkeys(map(of, rows))}
    return markdown([first, *HEAD], [[f"`{name}`", *verdicts(mine)] for name, mine in lines.items()])


def of_runs(rows: Sequence[Row]) -> str:
    """A line for each scenario, of all controllers and seeds."""
    return table("scenario", rows, lambda row: row["scenario"])


def of_networks(rows: Sequence[Row]) -> str:
    """A line for each network."""
    return table("network", rows, lambda row: row["network"])


def cheap(folder: Path) -> Mapping[str, float]:
    """One run of the table."""
    seen = study.verdict(study.Case("smoke", "uncoordinated", 1), folder)
    return {"violations": float(seen["violations"])}


EXPERIMENTS = (Experiment(
    name="audits", page="audit.md", question="Do results contradict themselves, their scenario or the model?", run=run,
    tables={"runs": Source("runs.csv", ", ".join(study.SCENARIOS), "1; smoke and study_day 1-3"),
            "networks": Source("networks.csv", "smoke", "1", study.OF_NETWORKS)},
    blocks={"runs": Block(("runs",), of_runs), "networks": Block(("networks",), of_networks)},
    cheap=CheapRow("smoke, seed 1, uncoordinated", cheap, relative=0.0)),)
