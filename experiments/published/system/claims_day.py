"""The claim of nine hours in whole days."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import code, column, cross, interval, listing, shown
from experiments.publishing.metric_rows import one_run
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import claims_day as study

FORMS = {"total_cost_usd_adjusted": ",.0f", "operating_cost_usd": ",.0f", "imbalance_cost_usd": ",.0f",
         "stored_energy_change_mwh": ",.1f", "unit_hours": ".1f"}
COMPARED = ("total_cost_usd_adjusted", "operating_cost_usd")
SEEDS = 5


def run(work: Run) -> None:
    """All runs; its exit code only says whether the claimed order holds."""
    work.command(study.main, "--seeds", str(SEEDS), "--workers", str(work.workers), "-o", str(work.folder),
                 accepts=(0, 1))


def means(rows: Sequence[Row]) -> str:
    """Means over seeds."""
    kept = [row for row in rows if row["figure"] in FORMS and row["base"] == study.BASES[1]]
    return cross(kept, [code("", "figure")], code("", "controller"),
                 lambda row: shown(row["mean"], FORMS[row["figure"]]))


def differences(rows: Sequence[Row]) -> str:
    """Paired, with interval and MILP gap."""
    kept = [row for row in rows if row["figure"] in COMPARED and row["controller"] not in (row["base"], study.BASES[0])]
    return listing(kept, [code("figure", "figure"), code("controller", "controller"), code("against", "base"),
                          interval("difference, $", "difference", "ci95"),
                          column("MILP gap, $", "milp_gap_usd", ",.0f"), column("", "note")])


def hours(rows: Sequence[Row]) -> str:
    """Hours with fewer units."""
    kept = [row for row in rows if row["figure"] == "hours_fewer_units" and row["controller"] != row["base"]]
    return listing(kept, [code("controller", "controller"), code("against", "base"), column("hours", "mean", ".3g"),
                          column("which", "note")])


EXPERIMENTS = (Experiment(
    name="claims_day", page="experiments/claims_day.md",
    question="Do cars that feed back save nine hours of start-ups?", minutes="8", run=run,
    tables={"claims": Source("claims.csv", study.SCENARIO, f"1-{SEEDS}", study.CONTROLLERS)},
    blocks={"means": Block(("claims",), means), "differences": Block(("claims",), differences),
            "hours": Block(("claims",), hours)},
    cheap=CheapRow("claims_day, seed 1, no_pev", one_run(
        study.SCENARIO, "no_pev", ("operating_cost_usd", "unit_hours")), relative=1e-3)),)
