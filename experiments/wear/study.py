"""Wear: what V2G costs each battery, what owners earn, what must be paid, and what the dispatch does about it.

    python -m experiments.wear.study prices      # seconds: price of wear and break-even by model, battery, age
    python -m experiments.wear.study life        # a minute: that price against traces of a whole life
    python -m experiments.wear.study study       # a minute: model x age x depth x SOC window x spread
    python -m experiments.wear.study dispatch --seeds 1      # runs: the coefficient and the models inside the dispatch
    python -m experiments.wear.study fading --seeds 1        # runs: the nine hours fading as wear grows
    python -m experiments.wear.study owners --seeds 20       # runs: statements, compensation, out of sample

Tables go to the screen and as CSV to the folder (-o, default results/wear); complete runs there are reused.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.runs import exit_code, results_of, save_figure, say
from experiments.wear import figures as figure
from experiments.wear import one_car as car
from experiments.wear.owners import OFFER_HEAD, SEED_HEAD, offer_rows, seed_rows, shown_offers, tried
from models.wear import wear_model_names
from models.wear.contract import BATTERY_CNY_PER_KWH
from testbed.metrics.of_runs import compute_metrics
from testbed.owners.compensation import budget, make_whole_usd
from testbed.owners.statements import change_usd, distribution, owner_statements, write_csv
from testbed.owners.wear_accounts import counterfactual
from testbed.reporting.tables import number, print_table
from testbed.results.reading import Result
from testbed.running.preflight import compare_request
from testbed.running.several_runs import jobs

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SCENARIO = "study_day"
CONTROLLERS = ("uncoordinated", "smart_charging", "temporal")
V2G, BASE = "temporal", "uncoordinated"
COEFFICIENTS = (0.0, 10.0, 25.0, 53.6, 100.0)
"""$ per MWh drawn."""
COUNTING_MODELS = tuple(name for name in wear_model_names() if name != "throughput")
FADING_COEFFICIENTS = (0.0, 1.0, 2.0, 4.0, 7.0, 10.0, 15.0, 20.0, 30.0, 40.0, 53.6, 75.0)
"""$ per MWh drawn."""
NINE_HOURS = (
    "profiles.wind_capacity_mw=0", "profiles.pv_capacity_mw=0", "objective.weight_curtailment=0",
    "objective.weight_carbon=0", "objective.carbon_price_usd_per_t=0", "planning.terminal=cyclic",
    "planning.mip_gap=5e-4", "planning.assumed_compliance=1.0", "drivers.profile=full")
"""`claims_day` in another scenario, but that owners' wear counts: else no coefficient could act."""
_NO_TARIFF = ("objective.tariff_in_objective=false", "tariff.table=none")
FADING = {"scheduled without tariff": ("system.reserve_rule=scheduled", "system.reserve_curve=flat", *_NO_TARIFF),
          "without tariff": _NO_TARIFF, "with tariff": ("objective.tariff_in_objective=true",)}
"""`scheduled` and a flat price of missing reserve are the claim's own; the others have `study_day`'s `deliverable`."""
DAYS = 30
LIVES_YEARS = (4.0, 8.0, 12.0)
Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""(name, head, rows)"""


# ---------------------------------------------------------------- one car
def prices(given: argparse.Namespace) -> list[Table]:
    """Life-average price, and a day of V2G at several ages, with the break-even price and its map."""
    by_age = {model: figure.wear_by_age(model, DAYS) for model in wear_model_names()}
    _draw(lambda: figure.break_even_picture(by_age), given.folder / "break_even")
    mapped = [(model, f"{age:.6g}", f"{cny:.6g}") for model, costs in by_age.items()
              for age, cny in zip(figure.MAP_AGES, costs, strict=True)]
    lasting: list[Sequence[str]] = []
    aged: list[Sequence[str]] = []
    for model in wear_model_names():
        for battery in car.BATTERY_CNY:
            wear = car.life_average_cny(model, battery)
            lasting.append((model, f"{battery:g}", f"{wear:.3f}", f"{car.break_even_cny(wear):.3f}"))
        points = [car.Case(model, age, 1 / 3, 0.8) for age in car.AGES]
        for outcome in car.outcomes(points, DAYS):
            aged.append((model, f"{outcome.case.age_years:g}", f"{outcome.against_smart_cny:.3f}",
                         f"{outcome.against_uncoordinated_cny:.3f}", f"{outcome.cycle_share:.0%}",
                         f"{car.break_even_cny(outcome.against_smart_cny):.3f}",
                         f"{outcome.against_smart_cny / car.life_average_cny(model, 900.0):.2f}"))
    return [("life_average", ("model", "battery [CNY/kWh]", "wear [CNY/kWh]", "break-even [CNY/kWh]"), lasting),
            ("by_age", ("model", "age [years]", "wear against smart [CNY/kWh]", "against uncoordinated", "cycling",
                        "break-even [CNY/kWh]", "booked / price"), aged),
            ("map", ("model", "age [years]", "wear against smart [CNY/kWh]"), mapped)]


def life(_: argparse.Namespace) -> list[Table]:
    """The price of a life beside the wear that traces of every one of its days book."""
    rows = [(model, f"{years:g}", f"{price:.3f}", f"{booked:.3f}", f"{booked / price:.2f}")
            for model in COUNTING_MODELS for years in LIVES_YEARS
            for price, booked in [car.life_booked_cny(model, years)]]
    return [("booked", ("model", "years", "price [CNY/kWh]", "booked over it [CNY/kWh]", "booked / price"), rows)]


def study(_: argparse.Namespace) -> list[Table]:
    """The whole grid, and for each model, age, battery price and spread the best depth and window."""
    grid: list[Sequence[str]] = []
    best: list[Sequence[str]] = []
    for model in wear_model_names():
        outcomes = car.outcomes(car.cases(model), DAYS)
        grid += [(model, f"{o.case.age_years:g}", f"{o.case.depth:g}", f"{o.case.top:g}", f"{o.against_smart_cny:.4f}",
                  f"{o.against_uncoordinated_cny:.4f}", f"{o.cycle_share:.3f}") for o in outcomes]
        for age in car.AGES[1:]:
            of_age = [outcome for outcome in outcomes if outcome.case.age_years == age]
            for battery in car.BATTERY_CNY:
                cells = [car.best_use(of_age, spread, battery) for spread in car.SPREADS_CNY]
                best.append((model, f"{age:g}", f"{battery:g}", *(
                    f"{net:,.0f} ({outcome.case.depth:g} from {outcome.case.top:g})" if cell else "no V2G"
                    for cell in cells for outcome, net in [cell or (outcomes[0], 0.0)])))
    heads = tuple(f"spread {spread:g}: CNY a year (depth, top)" for spread in car.SPREADS_CNY)
    return [("grid", ("model", "age", "depth", "top", "wear against smart [CNY/kWh]", "against uncoordinated",
                      "cycling"), grid), ("best_use", ("model", "age", "battery [CNY/kWh]", *heads), best)]


# ---------------------------------------------------------------- runs
def runs(given: argparse.Namespace, name: str, controllers: Sequence[str], seeds: int,
         *overrides: str) -> Mapping[tuple[str, int], Result]:
    """Results by controller and seed, in a folder of that name."""
    return many_runs(given, {name: (controllers, overrides)}, seeds)[name]


def many_runs(given: argparse.Namespace, settings: Mapping[str, tuple[Sequence[str], Sequence[str]]],
              seeds: int) -> dict[str, Mapping[tuple[str, int], Result]]:
    """Results by controller and seed of each folder: (controllers, overrides); as many at once as there are workers."""
    todo = {name: jobs(compare_request(given.scenario, list(controllers), seeds, (*(given.set or ()), *overrides), None,
                                       given.folder / name)) for name, (controllers, overrides) in settings.items()}
    made = iter(results_of([job for own in todo.values() for job in own], given.workers, given.fresh))
    return {name: {(run.controller, run.seed): run for run in itertools.islice(made, len(own))}
            for name, own in todo.items()}


def dispatch(given: argparse.Namespace) -> list[Table]:
    """V2G under rising prices of wear, then under each model's own price, with the wear booked by that model."""
    shown = ("discharged_mwh", "hours_fewer_units", "wear_cost_usd", "operating_cost_usd", "total_cost_usd_adjusted")
    settings: dict[str, tuple[str, ...]] = {
        f"{c:g} $/MWh": (f"objective.wear_usd_per_mwh={c:g}",) for c in COEFFICIENTS}
    settings |= {model: (f"wear.model={model}", "record.vehicles=true") for model in COUNTING_MODELS}
    rows: list[Sequence[str]] = []
    booked: list[Sequence[str]] = []
    by_folder = many_runs(given, {_folder(label): (CONTROLLERS if label in COUNTING_MODELS else (V2G,), overrides)
                                  for label, overrides in settings.items()}, given.seeds)
    for label in settings:
        results = by_folder[_folder(label)]
        figures = [compute_metrics(result) for (name, _), result in results.items() if name == V2G]
        rows.append((label, *(number(float(np.mean([f[key] for f in figures]))) for key in shown)))
        if label in COUNTING_MODELS:
            booked += [_booked(label, seed, results) for seed in sorted({seed for _, seed in results})]
    return [("dispatch", ("price of wear", *shown), rows),
            ("booked", ("model", "seed", "price [$/kWh]", "booked against smart [$/kWh]", "against uncoordinated",
                        "smart - uncoordinated [$]", "flags"), booked)]


def _folder(label: str) -> str:
    return label.split(" ", maxsplit=1)[0]


def _booked(model: str, seed: int, results: Mapping[tuple[str, int], Result]) -> tuple[str, ...]:
    """The dispatch's price beside the wear that the same model books for the traces."""
    v2g, smart, base = (results[name, seed] for name in (V2G, "smart_charging", BASE))
    extra = counterfactual(v2g, [smart, base], model)
    spared = counterfactual(smart, [base], model)[BASE]
    own = owner_statements(v2g)
    price = own.wear_usd.sum() / own.drawn_kwh.sum() if own.drawn_kwh.sum() > 0 else np.nan
    return (model, str(seed), f"{price:.4f}", f"{extra['smart_charging'].usd_per_kwh:.4f}",
            f"{extra[BASE].usd_per_kwh:.4f}", f"{spared.cost_usd.sum():.2f}", "; ".join(_flags(v2g, model)) or "none")


def _flags(result: Result, model: str) -> tuple[str, ...]:
    from testbed.owners.wear_accounts import wear_account  # noqa: PLC0415

    return wear_account(result, model).flags


def fading(given: argparse.Namespace) -> list[Table]:
    """How V2G shrinks as wear grows, in the setting of the nine hours: with and without tariff, by rule of reserve."""
    shown = ("hours_fewer_units", "discharged_mwh", "wear_cost_usd", "operating_cost_usd")
    rows: list[Sequence[str]] = []
    curves = []
    folders = {(label, coefficient): f"fading/{label.replace(' ', '_')}/{coefficient:g}"
               for label in FADING for coefficient in FADING_COEFFICIENTS}
    results = many_runs(given, {folder: ((V2G,), (
        *NINE_HOURS, *FADING[label], f"objective.wear_usd_per_mwh={coefficient:g}"))
        for (label, coefficient), folder in folders.items()}, given.seeds)
    for label in FADING:
        by_coefficient = []
        for coefficient in FADING_COEFFICIENTS:
            figures = [compute_metrics(result) for result in results[folders[label, coefficient]].values()]
            by_coefficient.append(figures)
            rows.append((label, f"{coefficient:g}", *(number(float(np.mean([f[key] for f in figures])))
                                                      for key in shown)))
        hours, energy = (np.array([[f[key] for f in figures] for figures in by_coefficient]) for key in shown[:2])
        curves.append(figure.Fading(label, np.array(FADING_COEFFICIENTS), hours, energy))
    _draw(lambda: figure.fading_picture(curves, model_prices()), given.folder / "fading")
    return [("hours", ("setting", "wear [$/MWh]", *shown), rows)]


def model_prices() -> dict[str, float]:
    """$ per MWh drawn at the default battery."""
    return {name: 1e3 * car.life_average_cny(name, BATTERY_CNY_PER_KWH) / car.CNY_PER_USD
            for name in wear_model_names()}


def owners(given: argparse.Namespace) -> list[Table]:
    """Statements of the first seed; offers found on it; whom they leave worse off on the other seeds."""
    first = {name: statements for (name, _), statements in runs(given, "owners", CONTROLLERS, 1).items()}
    own = {name: owner_statements(result) for name, result in first.items()}
    write_csv(given.folder / "owners" / "owners.csv", own[V2G], own[BASE])
    spread = [(name, d.name, str(d.cars), *(f"{v:.3f}" for v in (d.mean, d.p5, d.median, d.p95)),
               f"{d.worse_off_share:.1%}")
              for name in CONTROLLERS[1:] for d in distribution(own[name], change_usd(own[name], own[BASE]))]
    pairs = runs(given, "owners", (BASE, V2G), given.seeds + 1)
    seeds = sorted({seed for _, seed in pairs} - {first[BASE].seed})
    rows = tried(own[V2G], own[BASE], [(owner_statements(pairs[V2G, s]), owner_statements(pairs[BASE, s]))
                                       for s in seeds])
    payer = budget(first[V2G], first[BASE])
    left = {place: payer.after(statements.terms.paid_usd) for place, statements in enumerate(rows)}
    purse = tuple(f"{v:,.0f}" for v in (payer.saved_usd, payer.tariff_usd, payer.refill_usd, payer.before_payment_usd,
                                        make_whole_usd(own[V2G], own[BASE])))
    if seeds:
        _draw(lambda: figure.offers_picture(shown_offers(rows)), given.folder / "owners" / "offers")
    return [("statements", ("controller", "cars", "number", "mean change [$]", "5 %", "median", "95 %", "worse off"),
             spread),
            ("budget", ("saved [$]", "tariff received [$]", "tariff to come [$]", "before payment [$]",
                        "sum of harms [$]"), [purse]),
            ("compensation", OFFER_HEAD, offer_rows(rows, left)),
            ("seeds", SEED_HEAD, seed_rows(rows, seeds))]


def _draw(picture: Callable[[], Drawing], stem: Path) -> None:
    """A figure where matplotlib is installed."""
    if find_spec("matplotlib"):
        save_figure(picture(), stem)
    else:
        say("no figure: matplotlib is not installed (pip install '.[notebooks]')")


# ---------------------------------------------------------------- command
PARTS: Mapping[str, Callable[[argparse.Namespace], list[Table]]] = {
    "prices": prices, "life": life, "study": study, "dispatch": dispatch, "fading": fading,
    "owners": owners}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one part; print and write its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--seeds", type=int, default=1, help="dispatch: seeds; owners: seeds beside the first")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="make all runs again")
    parser.add_argument("-o", dest="folder", type=Path, default=Path("results/wear"), metavar="DIR")
    given = parser.parse_args(arguments)
    return exit_code(lambda: _carry_out(given))


def _carry_out(given: argparse.Namespace) -> int:
    for name, head, rows in PARTS[given.part](given):
        write_table(given.folder / f"{given.part}_{name}.csv", head, rows)
        if name not in ("grid", "seeds", "map"):
            print(f"\n{name}")
            print_table(head, rows)
    return 0


def write_table(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table as CSV, as it stands on the screen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([head, *rows])


if __name__ == "__main__":
    sys.exit(main())
