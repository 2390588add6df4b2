"""Unit commitment against the number of units, and against an independent implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from controllers.temporal.unit_commitment.solve import UnitCommitment
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import column, listing
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import unit_commitment_scaling as study
from experiments.system.pypsa_cross_check import linear_units

TEN = "the ten-unit day, no cars"
COSTS = (column("units", "units"), column("gap wanted", "gap_asked", "g"), column("cost, $", "cost_usd", ",.1f"),
         column("bound, $", "bound_usd", ",.1f"), column("gap proven", "gap_proven", ".2e"),
         column("CPU, s", "cpu_s", ".2f"))


def run(work: Run) -> None:
    """All sizes; each solve is kept as it comes."""
    work.command(study.main, "-o", str(work.folder))


def run_cross_check(work: Run) -> None:
    """Ten units, by PyPSA too."""
    work.command(study.main, "--units", "10", "--gaps", "1e-6", "--single-up-to", "0", "--cross-check",
                 "-o", str(work.folder))


def clustered(rows: Sequence[Row]) -> str:
    """Identical units planned together."""
    return listing([row for row in rows if row["clusters"] == "True"], COSTS)


def single(rows: Sequence[Row]) -> str:
    """Units planned one by one."""
    return listing([row for row in rows if row["clusters"] == "False"], COSTS)


def against(rows: Sequence[Row]) -> str:
    """Both optima and the judgement of the other's schedule."""
    return listing(rows, [column("this project, $", "ours_usd", ",.2f"), column("its bound, $", "bound_usd", ",.2f"),
                          column("PyPSA, $", "pypsa_usd", ",.2f"),
                          column("PyPSA's schedule, paid by this project, $", "pypsa_schedule_usd", ",.2f"),
                          column("rules it breaks", "violations")])


def cheap(_: Path) -> Mapping[str, float]:
    """Ten units to 0.1 %."""
    row = study.measure(study.TEN, 1e-3, clusters=True, node_limit=100_000)
    return {"cost_usd": row.cost_usd}


def cheap_linear(_: Path) -> Mapping[str, float]:
    """This project's side of the comparison."""
    known, view = study.replicated(study.TEN, 1e-6)
    known = replace(known, units=linear_units(known.units), reserve_rule="thermal_only")
    return {"ours_usd": UnitCommitment(known, "none").plan(view).objective_usd}


EXPERIMENTS = (
    Experiment(
        name="unit_commitment_scaling", page="experiments/unit_commitment_scaling.md",
        question="How far does unit commitment scale?", minutes="3", run=run,
        tables={"solves": Source("unit_commitment_scaling.csv", TEN)},
        blocks={"clustered": Block(("solves",), clustered), "single": Block(("solves",), single)},
        cheap=CheapRow(f"{TEN}, gap 1e-3", cheap, relative=1e-3)),
    Experiment(
        name="unit_commitment_cross_check", page="experiments/unit_commitment_scaling.md",
        question="Does PyPSA find the same optimum? (needs the extra `cross-check`)", minutes="1", run=run_cross_check,
        tables={"pypsa": Source("cross_check.csv", f"{TEN}, linear costs")},
        blocks={"pypsa": Block(("pypsa",), against)},
        cheap=CheapRow(f"{TEN}, linear costs, gap 1e-6", cheap_linear, relative=2e-6)),
)
