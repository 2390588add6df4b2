"""What owners earn and what they must be paid, under three prices of wear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from experiments.csv_rows import write_rows as write_own_rows
from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, listing, number
from experiments.publishing.metric_rows import one_run, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row, rows_of_file
from experiments.wear import study as wear
from experiments.wear.earnings import EARNINGS_HEAD, earnings_rows
from experiments.wear.figures import Offered, offers_picture
from testbed.owners.statements import owner_statements
from testbed.results.reading import open_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FIRST = "V2G at 53.6 $/MWh with the tariff"
NO_TARIFF = "objective.tariff_in_objective=false"
SETTINGS: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    FIRST: ("tariff", 20, ()), "V2G at 53.6 $/MWh without the tariff": ("no_tariff", 0, (NO_TARIFF,)),
    "V2G at naumann's price without the tariff": ("naumann", 20, ("wear.model=naumann", NO_TARIFF))}
"""Folder, seeds beside the first, keys; with and without the tariff in the objective."""
MONEY = ("tariff [$]", "wear [$]", "missing at departure [$]", "energy gained [$]", "net cost [$]")
OFFER = ("scheme", "share", "rate [$]", "paid [$]", "worse off before", "after", "left for the payer [$]")
ELSEWHERE = ("scheme", "share", "rate [$]", "promised: at most", "worse off on other seeds",
             "95 % interval of the mean", "worst seed", "seeds on which it holds")


def run(work: Run) -> None:
    """Statements, offers and other seeds for each setting; one table of each over all settings."""
    tables: dict[str, list[Row]] = {"budget": [], "compensation": []}
    earned = []
    for setting, (name, seeds, keys) in SETTINGS.items():
        folder = work.folder / name
        words = ["--workers", str(work.workers), "-o", str(folder), *(word for key in keys for word in ("--set", key))]
        work.command(wear.main, "owners", "--seeds", str(seeds), *words)
        for table, rows in tables.items():
            rows += [{"setting": setting, **row} for row in rows_of_file(folder / f"owners_{table}.csv")]
        own = {controller: owner_statements(open_result(folder / "owners" / f"{controller}-seed1.h5"))
               for controller in wear.CONTROLLERS}
        earned += earnings_rows(setting, own, wear.BASE)
    for table, rows in tables.items():
        write_rows(rows, work.folder / f"{table}.csv")
    write_own_rows(EARNINGS_HEAD, earned, work.folder / "earnings.csv")


def earnings(rows: Sequence[Row]) -> str:
    """Controllers without V2G once, `temporal` under each setting."""
    kept = [row for row in rows if row["controller"] == wear.V2G or row["setting"] == FIRST]
    return listing(kept, [code("controller", "controller"), column("setting", "setting"),
                          *(column(name, name, ".2f") for name in MONEY),
                          column("private cars worse off", "private cars worse off", ".0%"),
                          column("sold [kWh]", "sold [kWh]", ".1f")])


def budget(rows: Sequence[Row]) -> str:
    """What the payer has before it pays."""
    return listing(rows, [column(name, name) for name in rows[0]])


SHOWN = ("availability_fee", "availability_fee + shortfall", "per_kwh_discharged + shortfall", "combined + shortfall")
"""Schemes of the page's tables; the published file has all."""


def offers(rows: Sequence[Row]) -> str:
    """What must be paid on the seed on which each offer is found."""
    return listing([row for row in rows if row["paid [$]"] and row["rate [$]"] != "inf" and row["scheme"] in SHOWN],
                   [column("setting", "setting"), *(column(name, name) for name in OFFER)])


def elsewhere(rows: Sequence[Row]) -> str:
    """Whom the offers leave worse off on other seeds."""
    return listing([row for row in rows if row["worse off on other seeds"] != "-" and row["scheme"] in SHOWN],
                   [column("setting", "setting"), *(column(name, name) for name in ELSEWHERE)])


def figure(rows: Sequence[Row]) -> Drawing:
    """Each offer of the first setting on other seeds."""
    tried = [row for row in rows if row["setting"] == FIRST and row["worse off on other seeds"] != "-"]
    return offers_picture([Offered(f"{row['scheme']}, {row['share']}", percent(row["promised: at most"]),
                                   percent(row["worse off on other seeds"]), percent(row["95 % interval of the mean"]),
                                   percent(row["worst seed"])) for row in tried])


def percent(text: str) -> float:
    """`+- 0.05%` is 0.05."""
    return number(text.removeprefix("+- ").rstrip("% "))


CARS = ("uncoordinated", "smart_charging", "temporal")
EXPERIMENTS = (Experiment(
    name="wear_owners", page="experiments/wear.md", question="What do owners earn, and what must they be paid?",
    run=run,
    tables={"earnings": Source("earnings.csv", wear.SCENARIO, "1", CARS),
            "budget": Source("budget.csv", wear.SCENARIO, "1", CARS),
            "compensation": Source("compensation.csv", wear.SCENARIO, "1, tried on 2-21", CARS)},
    blocks={"earnings": Block(("earnings",), earnings), "budget": Block(("budget",), budget),
            "offers": Block(("compensation",), offers), "elsewhere": Block(("compensation",), elsewhere)},
    figures={"figure": Figure("experiments/wear_owners.png", ("compensation",), figure,
                              "How many participants are worse off on seeds to which an offer was not fitted.")},
    cheap=CheapRow("study_day, seed 1, smart_charging", one_run(
        wear.SCENARIO, "smart_charging", ("owners_net_cost_usd",)), relative=2e-2)),)
