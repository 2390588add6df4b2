"""What learning wins back, whether promises are kept, and who gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.drivers import aware, chance
from experiments.drivers.fairness_study import SETTINGS, fairness_rows
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.markdown import Column, code, column, cross, interval, listing, plus_minus, shown
from experiments.publishing.metric_rows import one_run, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from testbed.owners.fairness import driver_sharing

PAGE = "experiments/compliance.md"
TOLD, FIGURE, MEAN, HALF = "variant", "figure", "mean above `assumes`", "+- 95 %"


# ---------------------------------------------------------------- learning
def run_aware(work: Run) -> None:
    """Eight paired seeds of three operators, five days to learn and five that count."""
    work.command(aware.main, "--seeds", "8", "--days", "5", "5", "--set", "planning.mip_gap=2.0e-3",
                 "--workers", str(work.workers), "-o", str(work.folder))


def differences(rows: Sequence[Row]) -> str:
    """Each figure above that of the operator who assumes."""
    return cross(rows, [code("", FIGURE)], column("", TOLD), lambda row: plus_minus(row, MEAN, HALF, ",.1f"))


def answer(rows: Sequence[Row]) -> str:
    """What ignorance costs, and the share of it that learning wins back."""
    return listing(rows, [interval("ignorance, $ (standard error)", "ignorance_usd", "standard_error_usd"),
                          column("gap of the plans, $", "noise_usd", ",.0f"), column("won back, $", "won_usd", ",.0f"),
                          column("share", "share", ".0%"), column("from", "low", ".0%"), column("to", "high", ".0%"),
                          column("load shed, MWh", "shed_mwh", ".1f"),
                          column("of it within reserve on cars", "covered_share", ".0%")])


# ---------------------------------------------------------------- promises
def run_chance(work: Run) -> None:
    """Four seeds, each later day lived again."""
    work.command(chance.main, "--workers", str(work.workers), "-o", str(work.folder))


def promises(rows: Sequence[Row]) -> str:
    """How often delivery is below the promise."""
    return listing(rows, [column("delivered", "delivered"), column("hours", "hours"),
                          column("share below", "share below", ".3f"), column("95 % from", "low", ".3f"),
                          column("to", "high", ".3f"), column("as stated (5 %)", "as stated (0.05)")])


# ---------------------------------------------------------------- fairness
def run_fairness(work: Run) -> None:
    """Each setting's runs, and how they share."""
    rows: list[Row] = []
    for setting, (seeds, keys) in SETTINGS.items():
        folder = work.folder / setting.replace(" ", "_").replace(",", "")
        rows += fairness_rows(setting, runs(folder, "study_day", ("bilayer", "bilayer_aware"), keys, seeds,
                                            work.workers))
    write_rows(rows, work.folder / "fairness.csv")


def sharing(rows: Sequence[Row]) -> str:
    """Gini coefficients and the ends of the distribution."""
    heads = (("drivers: Gini", "drivers_gini", ".3f"), ("gave nothing", "nothing_share", ".1%"),
             ("tenth that gave most", "most_share", ".1%"), ("buses: Gini", "buses_gini", ".2f"))
    return listing(rows, [code("controller", "controller"), column("runs", "setting"), column("seeds", "seeds"),
                          *(_with_half(*head) for head in heads)])


def _with_half(head: str, name: str, form: str) -> Column:
    """Mean and half width of its interval, where there is one."""
    def cell(row: Row) -> str:
        half = shown(row[f"{name}_ci95"], form)
        return shown(row[name], form) + (f" ± {half}" if half else "")

    return Column(head, cell)


def cheap_fairness(folder: Path) -> Mapping[str, float]:
    """Gini coefficient over drivers of one day; any plan with V2G will do."""
    result, = runs(folder, "study_day", ("temporal",), ("drivers.compliance_mean=0.6", "planning.mip_gap=2e-3"))
    return {"gini": driver_sharing(result)[0].gini}


EXPERIMENTS = (
    Experiment(
        name="aware", page=PAGE, question="What does ignorance of drivers cost, and how much does learning win back?",
        run=run_aware,
        tables={name: Source(f"{name}.csv", "study_day, 5 + 5 days, 60 % comply", "1-8",
                             ("bilayer", "bilayer_aware")) for name in ("differences", "answer")},
        blocks={"differences": Block(("differences",), differences), "answer": Block(("answer",), answer)},
        cheap=CheapRow("study_day, seed 1, bilayer told 60 %", one_run(
            "study_day", "bilayer", ("total_cost_usd_adjusted",), "drivers.compliance_mean=0.6",
            "planning.assumed_compliance=0.6", "planning.mip_gap=2e-3"), relative=4e-3)),
    Experiment(
        name="chance", page=PAGE, question="Are promises kept?", run=run_chance,
        tables={"promises": Source("chance.csv", chance.SCENARIO, "1-4", (chance.CONTROLLER,))},
        blocks={"promises": Block(("promises",), promises)},
        cheap=CheapRow("refusal_days, its first day, seed 1", one_run(
            chance.SCENARIO, chance.CONTROLLER, ("discharged_mwh", "operating_cost_usd"), "days=1"), relative=2e-2)),
    Experiment(
        name="fairness", page=PAGE, question="Who gives back?", run=run_fairness,
        tables={"sharing": Source("fairness.csv", "study_day, 60 % comply", "1; 1-6", ("bilayer", "bilayer_aware"))},
        blocks={"sharing": Block(("sharing",), sharing)},
        cheap=CheapRow("study_day, seed 1, temporal, 60 % comply", cheap_fairness, relative=5e-2)),
)
