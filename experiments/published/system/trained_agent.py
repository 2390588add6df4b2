"""What an agent learns that steers one district, on weeks that it has never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.publishing.drawing import COLOURS, DARK, headed, sheet
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import Column, column, listing, plus_minus
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import trained_agent as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

WEEKS, STEPS = 20, 8064
FIRST_HELD_OUT = 4
ABOUT = "smoke's feeder, 15 cars, by the hour"


def run(work: Run) -> None:
    """Training, then the held-out weeks; needs the extra `training`."""
    work.command(study.main, "-o", str(work.folder), "--steps", str(STEPS), "--held-out", str(WEEKS))


def answers(rows: Sequence[Row]) -> str:
    """The verdict's numbers."""
    return listing(rows, [
        column("weeks", "weeks"), column("owners pay, uncoordinated [USD a week]", "uncoordinated_usd", ".2f"),
        Column("saved [USD a week]", lambda row: plus_minus(row, "saved_usd", "saved_ci95_usd", ".2f")),
        column("missing at departures [kWh a week]", "missing_kwh", ".1f"),
        column("of these uncoordinated", "uncoordinated_missing_kwh", ".1f")])


def picture(curve: Sequence[Row], weeks: Sequence[Row]) -> Drawing:
    """Reward over training, and what each held-out week costs."""
    drawing = sheet(9.0, 3.4)
    left, right = drawing.subplots(1, 2)
    for split, colour, style in (("training", "0.7", "-"), ("validation", DARK, "o-")):
        own = [(int(row["episode"]), float(row["reward_usd"])) for row in curve if row["split"] == split]
        left.plot(*zip(*own, strict=True), style, color=colour, label=f"{split} weeks")
    headed(left, "What the agent is paid while it learns")
    left.set_xlabel("weeks of training")
    left.set_ylabel("reward [USD a week]")
    left.legend(frameon=False, fontsize=8)
    usual, under = ([float(row[name]) for row in weeks] for name in ("uncoordinated_usd", "trained_agent_usd"))
    right.scatter(usual, under, color=COLOURS["smart_charging"], s=18)
    ends = (min(usual + under) - 5, max(usual + under) + 5)
    right.plot(ends, ends, color=DARK, linewidth=0.8)
    headed(right, "Held-out weeks: below the line owners pay less")
    right.set_xlabel("uncoordinated [USD a week]")
    right.set_ylabel("trained agent [USD a week]")
    return drawing


def cheap(folder: Path) -> Mapping[str, float]:
    """What the first held-out week costs uncoordinated."""
    return one_run(study.SCENARIO, "uncoordinated", (study.LEDGER,), *study.WEEK, f"seed={FIRST_HELD_OUT}")(folder)


HELD_OUT = "4, 9, ..., 99"
EXPERIMENTS = (Experiment(
    name="trained_agent", page="learning.md", question="Does an agent that was trained beat uncoordinated charging?",
    run=run,
    tables={"answer": Source("answer.csv", ABOUT, HELD_OUT, ("uncoordinated", "trained_agent")),
            "weeks": Source("held_out.csv", ABOUT, HELD_OUT, ("uncoordinated", "trained_agent")),
            "curve": Source("curve.csv", ABOUT, "training 1", ("trained_agent",))},
    blocks={"answer": Block(("answer",), answers)},
    figures={"figure": Figure("learning_curve.png", ("curve", "weeks"), picture,
                              "Reward over training, and held-out weeks under the agent against uncoordinated ones.")},
    cheap=CheapRow("the first held-out week, uncoordinated", cheap, relative=1e-6)),)
