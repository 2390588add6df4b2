"""The paper's day under six controllers, by three rules of reserve and several prices of what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from experiments.publishing.experiment import Block, CheapRow, Experiment, Source
from experiments.publishing.figures import Figure
from experiments.publishing.markdown import code, column, cross, figures_by, shown
from experiments.publishing.metric_rows import metric_rows, one_run, runs, write_rows
from experiments.publishing.running import Run
from experiments.publishing.tables import Row
from experiments.system import paper_day as study

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FORMS = {
    "society_cost_usd_adjusted": ",.0f", "owners_cost_usd_adjusted": ",.0f", "operator_cost_usd_adjusted": ",.0f",
    "objective_usd_adjusted": ",.0f", "operating_cost_usd": ",.0f",
    "carbon_t": ",.0f", "wear_cost_usd": ",.0f", "tariff_payments_usd": ",.0f", "imbalance_cost_usd": ",.0f",
    "reserve_shortfall_mwh": ",.1f",
    "unit_hours": ".0f", "hours_fewer_units": ".0f", "equivalent_load_peak_mw": ",.0f",
    "equivalent_load_valley_mw": ",.0f", "equivalent_load_std_mw": ".1f", "charged_mwh": ",.0f",
    "discharged_mwh": ",.0f", "steadiness_percent": ".1f", "feeder_losses_kwh": ",.1f", "vm_min_pu": ".4f",
    "departures_short_kwh": ",.0f", "fast_charged_mwh": ",.1f", "compliance_realised": ".3f",
    "not_delivered_share": ".1%"}
LEDGERS = ("society_cost_usd_adjusted", "owners_cost_usd_adjusted", "operator_cost_usd_adjusted",
           "imbalance_cost_usd", "reserve_shortfall_mwh", "departures_short_kwh")
RULES = ("scheduled", "thermal_only", "deliverable")
PRICES = (0, 3000)
"""USD for each missing MWh of reserve, one price for all of it."""
PAYERS = {"owners": "#4c9a6a", "operator": "#d18f3f", "society": "#33475b"}
"""Who bears a cost, and its colour; society is both others."""
COMPARED = ("uncoordinated", "smart_charging", "bilayer")


def run(work: Run) -> None:
    """Six runs, and three of the controllers by each rule and at each price."""
    work.step("six", lambda: study.main(work.folder))
    work.step("rules", lambda: write_rows(
        [row for rule in RULES for row in metric_rows(rule, runs(
            work.folder / rule, "paper_day", COMPARED, (f"system.reserve_rule={rule}",),
            workers=work.workers), LEDGERS)], work.folder / "rules.csv"))
    work.step("prices", lambda: write_rows(
        [row for usd in PRICES for row in metric_rows(str(usd), runs(
            work.folder / f"flat{usd}", "paper_day", COMPARED,
            ("system.reserve_curve=flat", f"system.reserve_shortfall_usd_per_mwh={usd}"),
            workers=work.workers), LEDGERS)], work.folder / "prices.csv"))


def by_rule(rows: Sequence[Row]) -> str:
    """Society's ledger by rule of reserve."""
    return cross([row for row in rows if row["metric"] in LEDGERS[:4]], [column("rule", "setting"),
                 column("", "metric")], code("", "controller"), lambda row: shown(row["value"], ",.0f"))


def by_price(rows: Sequence[Row]) -> str:
    """Society's ledger by price of missing reserve."""
    return cross([row for row in rows if row["metric"] == "society_cost_usd_adjusted"],
                 [code("society's cost, USD", "controller")], column("USD for a missing MWh", "setting"),
                 lambda row: shown(row["value"], ",.0f"))


def figures(rows: Sequence[Row]) -> str:
    """Figures down, controllers across."""
    return figures_by(rows, FORMS)


def who_pays(rows: Sequence[Row]) -> Drawing:
    """A day's cost by who bears it, less that of cars left to themselves, by controller."""
    from matplotlib.figure import Figure as Page  # noqa: PLC0415 - an extra

    names = [name for name in study.CONTROLLERS if name not in ("no_pev", "uncoordinated")]
    values = {(row["controller"], row["metric"]): row["value"] for row in rows}
    figure = Page(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    for place, (payer, color) in enumerate(PAYERS.items()):
        above = [float(values[name, f"{payer}_cost_usd_adjusted_less_uncoordinated"]) / 1000 for name in names]
        axes.bar([at + 0.26 * (place - 1) for at in range(len(names))], above, width=0.24, color=color, label=payer)
    axes.axhline(0, color="0.3", linewidth=0.8)
    axes.set_xticks(range(len(names)), names)
    axes.set(ylabel="thousand USD a day\nabove uncoordinated", title="Below zero: pays less")
    axes.legend(frameon=False)
    return figure


EXPERIMENTS = (Experiment(
    name="paper_day", page="experiments/paper_day.md", question="What do six controllers make of the same day?",
    run=run, tables={
        "metrics": Source("metrics.csv", "paper_day", "1", study.CONTROLLERS),
        "rules": Source("rules.csv", "paper_day", "1", COMPARED),
        "prices": Source("prices.csv", "paper_day, flat price of missing reserve", "1", COMPARED)},
    blocks={"figures": Block(("metrics",), figures), "rules": Block(("rules",), by_rule),
            "prices": Block(("prices",), by_price)},
    figures={"who_pays": Figure("experiments/who_pays.png", ("metrics",), who_pays,
                                "What a day costs owners, operator and society under each controller, less what it "
                                "costs them uncoordinated.")},
    cheap=CheapRow("paper_day, seed 1, uncoordinated", one_run(
        "paper_day", "uncoordinated", ("operating_cost_usd", "feeder_losses_kwh")), relative=2e-3)),)
