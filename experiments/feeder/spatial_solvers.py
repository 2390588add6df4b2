"""Lower layers on the very same hours: branch-flow optimisation, particle swarm, genetic algorithm, pro rata.

    python -m experiments.feeder.spatial_solvers --seeds 20 --budgets 500,2000,8000 --day-seeds 5

One upper plan is carried out pro rata for a day, and every decision hour is kept. Then each method decides those hours:
one hour (--hour) at every budget, all hours at one budget. Swarm and genetic algorithm run with as many seeds as asked
and equal numbers of evaluations; pro rata is in their first population. All answers are priced alike, by AC. The
optimisation decides the present hour alone here, as the searches do; the row `socp_ahead` is the layer as it runs,
with 24 h of look-ahead.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from controllers.port import FeederView, SpatialKnowledge
from controllers.spatial.branch_flow.decision import Decider
from controllers.spatial.branch_flow.forecast import Forecast, forecast
from controllers.spatial.branch_flow.layout import Layout, make_layout
from controllers.spatial.heuristics.cost import HourCost, HourJudge
from controllers.spatial.heuristics.decision import searched
from controllers.spatial.heuristics.encoding import Encoding, Powers
from controllers.spatial.heuristics.search import Method
from experiments.feeder.hour_views import Hours, kept_hours, present_hour_alone
from experiments.publishing.running import RowCache
from experiments.runs import exit_code, save_figure, say
from models.records.arrays import SECONDS_PER_HOUR, Floats
from models.records.feeder import PowerFlow
from testbed.reporting.tables import print_table
from testbed.running.preflight import WrongRequest, checked_scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

SCENARIO = "placement_day"
SEARCHES: tuple[Method, ...] = ("pso", "sga")
TIE_REL = 1e-4
"""Of the objective: what is nearer than this is a tie."""
Name = Literal["socp", "socp_ahead", "pso", "sga", "pro_rata"]


@dataclass(frozen=True)
class Row:
    """One answer to one hour."""

    method: Name
    hour: int
    seed: int
    """Of the search; 0 where nothing is drawn."""
    evaluations: int
    ac_flows: int
    objective_usd: float
    losses_kwh: float
    losses_usd: float
    bound_usd: float
    """Optimum of the relaxation of this hour, to what the layer drops as dust (powers below 1 W); NaN if none."""
    gap_rel: float
    """(objective - own bound) / objective; NaN without certificate."""
    cpu_s: float
    keeps_limits: bool
    status: str


@dataclass(frozen=True)
class Hour:
    """One decision hour without look-ahead, with what is needed to price any answer to it."""

    knowledge: SpatialKnowledge
    view: FeederView
    layout: Layout
    now: Forecast

    @property
    def of_day(self) -> int:
        return int(self.view.time_s // SECONDS_PER_HOUR % 24)


def hour_of(knowledge: SpatialKnowledge, view: FeederView) -> Hour:
    """The hour that begins at the view's instant, alone."""
    known, seen = present_hour_alone(knowledge, view)
    layout = make_layout(known, np.flatnonzero(seen.flexibility.pc_max_now_kw.max(axis=1) > 0))
    return Hour(known, seen, layout, forecast(known, layout, seen))


# ---------------------------------------------------------------- methods
def socp_row(hour: Hour, ahead: tuple[SpatialKnowledge, FeederView] | None = None) -> Row:
    """The optimisation of this hour, or of (knowledge, view) with look-ahead; then the bound is not this hour's."""
    began = time.process_time()
    known, seen = ahead or (hour.knowledge, hour.view)
    decision = Decider(known).decide(seen)
    seconds = time.process_time() - began
    powers = Powers(decision.pc_kw[None], decision.pd_kw[None])
    judge = HourJudge(hour.knowledge, hour.layout, hour.now)
    cost = judge.cost(powers)
    bound = float("nan")
    if ahead is None and decision.answer is not None:
        steps = hour.layout.steps
        claim = relaxed_flow(decision.answer.vm_pu[:steps], decision.answer.losses_kw[:steps])
        bound = float(judge.cost_of_flow(powers, claim, judge.at_buses(powers)).objective_usd[0])
    name: Name = "socp" if ahead is None else "socp_ahead"
    return _row(name, hour, 0, 1, judge.flows, cost, bound, seconds, decision.status)


def relaxed_flow(vm_pu: Floats, losses_kw: Floats) -> PowerFlow:
    """What the relaxation claims [T, B], [T]; loadings and slack power are left out, for they cost nothing in it."""
    none = np.zeros(losses_kw.shape)
    return PowerFlow(vm_pu=vm_pu, losses_kw=losses_kw, line_loading_percent=np.zeros(vm_pu.shape),
                     p_slack_kw=none, q_slack_kvar=none)


def search_row(hour: Hour, method: Method, evaluations: int, seed: int) -> Row:
    """One search."""
    known = replace(hour.knowledge, search_evaluations=evaluations)
    began = time.process_time()
    powers, best = searched(known, hour.layout, hour.now, method, seed)
    seconds = time.process_time() - began
    cost = HourJudge(known, hour.layout, hour.now).cost(powers)
    return _row(method, hour, seed, best.evaluations, best.evaluations * hour.layout.steps, cost, float("nan"),
                seconds, "accepted" if best.keeps_limits else "fallback")


def pro_rata_row(hour: Hour) -> Row:
    """Equal shares of each target."""
    began = time.process_time()
    encoding = Encoding(hour.layout, hour.now, may_curtail=False)
    powers = encoding.decode(encoding.pro_rata()[None])
    judge = HourJudge(hour.knowledge, hour.layout, hour.now)
    cost = judge.cost(powers)
    return _row("pro_rata", hour, 0, 1, judge.flows, cost, float("nan"), time.process_time() - began, "none")


def _row(method: Name, hour: Hour, seed: int, evaluations: int, flows: int, cost: HourCost, bound: float,
         seconds: float, status: str) -> Row:
    objective = float(cost.objective_usd[0])
    return Row(method, hour.of_day, seed, evaluations, flows, objective, float(cost.losses_kwh[0]),
               float(cost.losses_usd[0]), bound, (objective - bound) / objective, seconds,
               bool(cost.excess_rel[0] <= 0), status)


def kept_rows(kept: RowCache, settings: Sequence[object], hours: Hours, index: int, budgets: Sequence[int],
              seeds: int) -> list[Row]:
    """`hour_rows`, made once."""
    key = {"hour": [*settings, index, list(budgets), seeds]}
    return [Row(**row) for row in kept.row(key, lambda: [asdict(row) for row in hour_rows(hours, index, budgets,
                                                                                           seeds)])]


def hour_rows(hours: Hours, index: int, budgets: Sequence[int], seeds: int) -> list[Row]:
    """All methods on one hour."""
    view = hours.views[index]
    hour = hour_of(hours.knowledge, view)
    rows = [socp_row(hour), socp_row(hour, (hours.knowledge, view)), pro_rata_row(hour)]
    for budget in budgets:
        for method in SEARCHES:
            rows += [search_row(hour, method, budget, seed) for seed in range(1, seeds + 1)]
    say(f"hour {hour.of_day}: {hour.layout.pairs.size} pairs, {len(rows)} answers")
    return rows


# ---------------------------------------------------------------- sums and tables
@dataclass(frozen=True)
class Summary:
    """One method at one budget over its seeds; excesses are over the SOCP of the same hours."""

    method: str
    evaluations: int
    """Per decision."""
    answers: int
    mean_usd: float
    best_usd: float
    worst_usd: float
    spread_usd: float
    """Standard deviation over seeds."""
    excess: float
    """Mean objective over the SOCP's, as a share of it."""
    excess_of_losses: float
    """The same, as a share of the SOCP's cost of losses."""
    losses_excess: float
    """Mean losses over the SOCP's, as a share of them."""
    losses_kwh: float
    losses_best_kwh: float
    losses_worst_kwh: float
    losses_spread_kwh: float
    flows: float
    """AC cases per decision."""
    cpu_s: float
    """Per decision."""
    violations: int
    """Answers that break a limit."""


def summarise(rows: Sequence[Row], method: str, budget: int | None = None) -> Summary:
    """Sums over hours, statistics over seeds; `budget` picks a search's rows, which must hold every hour and seed."""
    own = _answers(rows, method, budget)
    base = _answers(rows, "socp", None)
    seeds = sorted({row.seed for row in own})
    of_seed = [[row for row in own if row.seed == seed] for seed in seeds]
    objective = np.array([sum(row.objective_usd for row in some) for some in of_seed])
    losses = np.array([sum(row.losses_kwh for row in some) for some in of_seed])
    least, lost_usd = sum(row.objective_usd for row in base), sum(row.losses_usd for row in base)
    least_kwh = sum(row.losses_kwh for row in base)
    return Summary(
        method=method, evaluations=max(row.evaluations for row in own), answers=len(own),
        mean_usd=float(objective.mean()), best_usd=float(objective.min()), worst_usd=float(objective.max()),
        spread_usd=float(objective.std(ddof=1)) if objective.size > 1 else 0.0,
        excess=float(objective.mean()) / least - 1.0, excess_of_losses=(float(objective.mean()) - least) / lost_usd,
        losses_excess=float(losses.mean()) / least_kwh - 1.0,
        losses_kwh=float(losses.mean()), losses_best_kwh=float(losses.min()), losses_worst_kwh=float(losses.max()),
        losses_spread_kwh=float(losses.std(ddof=1)) if losses.size > 1 else 0.0,
        flows=float(np.mean([row.ac_flows for row in own])), cpu_s=float(np.mean([row.cpu_s for row in own])),
        violations=sum(not row.keeps_limits for row in own))


def _answers(rows: Sequence[Row], method: str, budget: int | None) -> list[Row]:
    """The rows of a method at a budget; a search with nothing to decide takes one evaluation at any budget."""
    return [row for row in rows if row.method == method and (budget is None or row.evaluations in (1, budget))]


def summaries(rows: Sequence[Row], budgets: Sequence[int]) -> list[Summary]:
    """All methods, the searches at every budget."""
    fixed = [summarise(rows, name) for name in ("socp", "socp_ahead", "pro_rata")]
    return [*fixed, *(summarise(rows, method, budget) for budget in budgets for method in SEARCHES)]


def print_summaries(title: str, rows: Sequence[Summary]) -> None:
    """One table to the screen."""
    print(title)
    print_table(
        ("method", "evaluations", "objective $", "best", "worst", "spread", "over SOCP %", "% of losses $",
         "losses kWh", "best ", "worst ", "spread ", "over SOCP % ", "AC cases", "cpu s", "violations"),
        [(s.method, str(s.evaluations), f"{s.mean_usd:.5f}", f"{s.best_usd:.5f}", f"{s.worst_usd:.5f}",
          f"{s.spread_usd:.2g}", f"{100 * s.excess:+.4f}", f"{100 * s.excess_of_losses:+.4f}", f"{s.losses_kwh:.4f}",
          f"{s.losses_best_kwh:.4f}", f"{s.losses_worst_kwh:.4f}", f"{s.losses_spread_kwh:.2g}",
          f"{100 * s.losses_excess:+.4f}", f"{s.flows:.0f}", f"{s.cpu_s:.2f}", f"{s.violations} of {s.answers}")
         for s in rows])


def verdict(rows: Sequence[Summary], largest_gap: float) -> str:
    """The claim answered, for one table."""
    lines = []
    for s in rows:
        if s.method not in SEARCHES:
            continue
        if s.excess > TIE_REL:
            quality = "worse than the SOCP"
        else:
            quality = "ties with the SOCP" if s.excess >= -TIE_REL else "better than the SOCP"
        lines.append(f"{s.method} with {s.evaluations} evaluations: {quality} by {100 * s.excess:+.4f} % on average, "
                     f"spread {s.spread_usd:.2g} $ (SOCP: 0, nothing is drawn)")
    return "\n".join([*lines, f"certificate: SOCP within {largest_gap:.1e} of its bound; none for the others"])


def largest_gap(rows: Sequence[Row]) -> float:
    """Largest difference of any hour's optimum from its bound, either way; NaN if an hour has none."""
    return float(np.max(np.abs([row.gap_rel for row in rows if row.method == "socp"])))


# ---------------------------------------------------------------- files
def write_csv(rows: Sequence[Row] | Sequence[Summary], path: Path) -> None:
    """One line per answer or summary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0].__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def picture(rows: Sequence[Row], budgets: Sequence[int], title: str) -> Drawing:
    """Objective of each seed over the SOCP's, by method and budget."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    least = summarise(rows, "socp").mean_usd
    for i, method in enumerate(SEARCHES):
        for x, budget in enumerate(budgets):
            values = np.array([row.objective_usd for row in _answers(rows, method, budget)])
            over = 100 * (values / least - 1.0)
            place = x + 0.24 * i - 0.12
            axes.plot(np.full(over.size, place - 0.04), over, "o", color="0.7", markersize=3)
            axes.errorbar(place + 0.04, over.mean(), yerr=over.std(ddof=1) if over.size > 1 else 0.0, fmt="s",
                          color=f"C{i}", capsize=4, label=method if x == 0 else None)
    axes.axhline(0.0, color="0.3", linewidth=0.8, label="socp")
    pro_rata = 100 * (summarise(rows, "pro_rata").mean_usd / least - 1.0)
    axes.axhline(pro_rata, color="C3", linewidth=0.8, linestyle="--", label="pro rata")
    axes.set_xticks(range(len(budgets)), [f"{budget:,}" for budget in budgets])
    axes.set_xlabel("evaluations per decision")
    axes.set_ylabel("objective over the SOCP's [%]")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False)
    return figure


def summary_picture(rows: Sequence[Summary], title: str) -> Drawing:
    """Mean, spread, best and worst of each search over the SOCP's objective, by evaluations."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.add_subplot()
    least = next(row.mean_usd for row in rows if row.method == "socp")
    for i, method in enumerate(SEARCHES):
        mine = [row for row in rows if row.method == method]
        x = np.arange(len(mine)) + 0.24 * i - 0.12
        mean, best, worst = (np.array([100 * (getattr(row, name) / least - 1.0) for row in mine])
                             for name in ("mean_usd", "best_usd", "worst_usd"))
        axes.errorbar(x, mean, yerr=[100 * row.spread_usd / least for row in mine], fmt="s", color=f"C{i}", capsize=4,
                      label=method)
        axes.plot(np.concatenate([x, x]), np.concatenate([best, worst]), "_", color="0.5")
    axes.axhline(0.0, color="0.3", linewidth=0.8, label="socp")
    pro_rata = next(row.mean_usd for row in rows if row.method == "pro_rata")
    axes.axhline(100 * (pro_rata / least - 1.0), color="C3", linewidth=0.8, linestyle="--", label="pro rata")
    budgets = [row.evaluations for row in rows if row.method == SEARCHES[0]]
    axes.set_xticks(range(len(budgets)), [f"{budget:,}" for budget in budgets])
    axes.set_xlabel("evaluations per decision")
    axes.set_ylabel("objective over the SOCP's [%]")
    axes.set_title(title, fontsize=10)
    axes.legend(frameon=False)
    return figure


# ---------------------------------------------------------------- running
def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments.feeder.spatial_solvers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="seeds 1 to N of each search (default 20)")
    parser.add_argument("--budgets", default="500,2000,8000", metavar="LIST",
                        help="evaluations per decision, multiples of spatial.search_population")
    parser.add_argument("--hour", type=int, default=23,
                        help="hour of the day looked at closely (default 23, where most is left to choose)")
    parser.add_argument("--day-budget", type=int, default=2000, help="evaluations per decision over all hours")
    parser.add_argument("--day-seeds", type=int, default=5, metavar="N",
                        help="seeds over all hours (default 5; 0: none)")
    parser.add_argument("--scenario", default=SCENARIO)
    parser.add_argument("--scenario-seed", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    parser.add_argument("-o", dest="folder", type=Path, default=Path("results/spatial_solvers"), metavar="DIR")
    options = parser.parse_args(arguments)
    scenario = checked_scenario(options.scenario, ("days=1", "spatial.placement=in_place", *options.overrides))
    population = scenario.spatial.search_population
    budgets = sorted({int(text) for text in options.budgets.split(",")})
    if wrong := [b for b in (*budgets, options.day_budget) if b < 1 or b % population]:
        raise WrongRequest([f"budget {b}: must be a multiple of spatial.search_population={population}" for b in wrong])
    if not 0 <= options.hour < 24 or options.seeds < 1:
        raise WrongRequest([f"--hour {options.hour}: 0 to 23; --seeds {options.seeds}: 1 or more"])
    options.folder.mkdir(parents=True, exist_ok=True)
    hours = kept_hours(scenario, options.scenario_seed, options.folder / "pro_rata.h5")
    kept = RowCache(options.folder / "rows.jsonl")
    settings = [scenario.model_dump_json(), options.scenario_seed]
    rows = kept_rows(kept, settings, hours, options.hour, budgets, options.seeds)
    _report(rows, budgets, f"hour {options.hour} of {scenario.name}, {options.seeds} seeds", options.folder / "hour")
    if options.day_seeds:
        budget = [options.day_budget]
        rows = [row for i in range(len(hours.views)) for row in kept_rows(
            kept, settings, hours, i, budget, options.day_seeds)]
        _report(rows, budget, f"all hours of {scenario.name}, {options.day_seeds} seeds", options.folder / "day")
    return 0


def _report(rows: Sequence[Row], budgets: Sequence[int], title: str, stem: Path) -> None:
    of_methods = summaries(rows, budgets)
    print_summaries(title, of_methods)
    print(verdict(of_methods, largest_gap(rows)))
    write_csv(rows, stem.with_suffix(".csv"))
    write_csv(of_methods, stem.with_name(f"{stem.name}_summary.csv"))
    if stem.name == "hour" and find_spec("matplotlib"):
        save_figure(picture(rows, budgets, title), stem)


if __name__ == "__main__":
    sys.exit(exit_code(main))
