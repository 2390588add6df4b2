"""What the independent audit says of all scenarios under all controllers, and of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.publishing.drawing import SMALL, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import audits as study
from testbed.cli.doc_rows import markdown

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

COLOURS = {"no rule broken": "#8fbf8f", "a rule broken": "#b03030", "no result": "#d9d9d9"}
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


def verdict_of(rows: Sequence[Row]) -> str:
    """In the words of COLOURS, of all seeds together."""
    if any(row["violations"] not in ("", "0") for row in rows):
        return "a rule broken"
    return "no rule broken" if all(row["ending"] == "audited" for row in rows) else "no result"


def picture(rows: Sequence[Row]) -> Drawing:
    """A field for each scenario and controller."""
    from matplotlib.patches import Patch, Rectangle  # noqa: PLC0415 - only where something is drawn

    scenarios, controllers = (list(dict.fromkeys(row[name] for row in rows)) for name in ("scenario", "controller"))
    figure = sheet(9.0, 4.4)
    axes = figure.subplots()
    for y, scenario in enumerate(scenarios):
        for x, controller in enumerate(controllers):
            mine = [row for row in rows if (row["scenario"], row["controller"]) == (scenario, controller)]
            axes.add_patch(Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, color=COLOURS[verdict_of(mine)]))
    axes.set(xlim=(0, len(controllers)), ylim=(len(scenarios), 0), xlabel="controller", ylabel="scenario")
    axes.set_xticks([x + 0.5 for x in range(len(controllers))], controllers, rotation=40, ha="right", fontsize=SMALL)
    axes.set_yticks([y + 0.5 for y in range(len(scenarios))], scenarios, fontsize=SMALL)
    axes.tick_params(length=0)
    figure.legend([Patch(color=colour) for colour in COLOURS.values()], list(COLOURS), frameon=False, fontsize=SMALL,
                  ncols=len(COLOURS), loc="outside upper center")
    return figure


def cheap(folder: Path) -> Mapping[str, float]:
    """One run of the table."""
    seen = study.verdict(study.Case("smoke", "uncoordinated", 1), folder)
    return {"violations": float(seen["violations"])}


EXPERIMENTS = (Experiment(
    name="audits", page="audit.md", question="Do results contradict themselves, their scenario or the model?", run=run,
    tables={"runs": Source("runs.csv", ", ".join(study.SCENARIOS), "1; smoke and study_day 1-3"),
            "networks": Source("networks.csv", "smoke", "1", study.OF_NETWORKS)},
    blocks={"runs": Block(("runs",), of_runs), "networks": Block(("networks",), of_networks)},
    figures={"verdicts": Figure("audits.png", ("runs",), picture,
                                "What the audit says of a day of each scenario under each controller.")},
    cheap=CheapRow("smoke, seed 1, uncoordinated", cheap, relative=0.0)),)
