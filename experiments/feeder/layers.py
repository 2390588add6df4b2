"""What splitting the problem into two layers costs, and what talking to each other brings back.

    python -m experiments.feeder.layers [SCENARIO] [--set key=value ...] [-o DIR]

Prints J of `bilayer`, `bilayer_envelope`, `bilayer_coordinated` and `joint` for the scenario's first plan, the proven
bound, the share of the gap that each closes, iterations and processor seconds; with -o also writes layers.csv.
J is what a plan costs once the feeders have had their say: docs/decisions/0016-cost-of-the-split.md.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from controllers.joint.coordination import Schedule, coordinate, scheduled
from controllers.joint.equations import Prices
from controllers.joint.layer import EnvelopePlan, FeederAware
from controllers.joint.monolith import Form, cone_answer, solve_joint, tangent_value_at
from controllers.joint.operation import Operation, direction_of, operate
from experiments.csv_rows import write_rows
from experiments.runs import exit_code, say
from testbed.running.first_view import first_view
from testbed.running.preflight import checked_scenario
from testbed.scenario.record import Scenario
from testbed.setup.controller_loading import load_controller

SCENARIO = "tight_island"


@dataclass(frozen=True)
class Row:
    """One way of making the plan."""

    name: str
    j_usd: float
    above_joint_percent: float
    gap_closed_percent: float
    """Share of J_bilayer - J_joint that is gone."""
    undelivered_mwh: float
    losses_mwh: float
    overload_max_mw: float
    iterations: int
    cpu_s: float


@dataclass(frozen=True)
class Study:
    """All ways, and what is proven."""

    rows: tuple[Row, ...]
    bound_usd: float
    """No plan costs less: the joint problem's."""
    coordination_bound_usd: float
    cone_usd: float
    """Optimum at the joint schedule with true cones and costs, before AC and re-dispatch."""
    tangent_usd: float
    """The same with tangents."""

    def j_usd(self, name: str) -> float:
        """J of one way."""
        return next(row.j_usd for row in self.rows if row.name == name)


@dataclass(frozen=True)
class Made:
    """An operated plan and the work behind it."""

    name: str
    operation: Operation
    iterations: int
    cpu_s: float


def study(scenario: Scenario, form: Form = "projected") -> Study:
    """The first plan of a run of this scenario, made in four ways."""
    seen = first_view(scenario, load_controller("bilayer_coordinated"))
    system, gap = scenario.system, scenario.planning.mip_gap
    prices = Prices(shed=system.shed_usd_per_mwh, dump=system.dump_usd_per_mwh,
                    target_slack=scenario.spatial.target_slack_usd_per_mwh)
    layer = FeederAware(seen.knowledge, seen.car_control, prices=prices)
    case, networks = layer.case(seen.view), layer.networks(seen.view)
    began = time.process_time()
    start = layer.alone.plan(seen.view)
    made = [Made("bilayer", operate(case, networks, start, prices), 0, time.process_time() - began)]
    say(f"bilayer {made[0].operation.j_usd:.2f} $")
    began = time.process_time()
    within = EnvelopePlan(seen.knowledge, seen.car_control, prices=prices).plan(seen.view)
    made.append(Made("bilayer_envelope", operate(case, networks, within, prices), 1, time.process_time() - began))
    say(f"bilayer_envelope {made[1].operation.j_usd:.2f} $")
    talked = coordinate(case, networks, start, prices, gap)
    made.append(Made("bilayer_coordinated", talked.operation, talked.iterations, made[0].cpu_s + talked.seconds))
    say(f"bilayer_coordinated {talked.operation.j_usd:.2f} $, bound {talked.bound_usd:.2f} $")
    whole = solve_joint(case, networks, scheduled(case, start), prices, gap, form=form, say=say)
    made.append(Made("joint", whole.operation, whole.rounds, made[0].cpu_s + whole.seconds))
    done = whole.operation
    schedule = Schedule(done.u, direction_of(case, done.dispatch.pc_mw, done.dispatch.pd_mw))
    cone, pc, pd = cone_answer(case, networks, prices, schedule)
    return Study(rows_of(made), whole.bound_usd, talked.bound_usd, cone,
                 tangent_value_at(case, networks, prices, schedule, pc, pd))


def rows_of(made: Sequence[Made]) -> tuple[Row, ...]:
    """The table; the last one is the joint problem's."""
    first, last = made[0].operation.j_usd, made[-1].operation.j_usd

    def closed(j_usd: float) -> float:
        return 100.0 * (first - j_usd) / (first - last) if first > last else 100.0

    return tuple(Row(m.name, m.operation.j_usd, 100.0 * (m.operation.j_usd / last - 1.0), closed(m.operation.j_usd),
                     m.operation.undelivered_mwh, float(m.operation.losses_mw.sum()),
                     float(m.operation.overload_mw.max()), m.iterations, m.cpu_s) for m in made)


def table(study: Study) -> str:
    """As Markdown."""
    lines = ["| plan by | J [$] | above joint [%] | gap closed [%] | undelivered [MWh] | losses [MWh] | iterations "
             "| CPU [s] |", "|---|---|---|---|---|---|---|---|"]
    lines += [f"| `{r.name}` | {r.j_usd:,.2f} | {r.above_joint_percent:.3f} | {r.gap_closed_percent:.1f} "
              f"| {r.undelivered_mwh:.2f} | {r.losses_mwh:.2f} | {r.iterations} | {r.cpu_s:.0f} |" for r in study.rows]
    joint = study.j_usd("joint")
    proof = [f"bound of the joint problem {study.bound_usd:,.2f} $ (incumbent {100 * (joint / study.bound_usd - 1):.3f}"
             " % above)", f"bound of the exchange {study.coordination_bound_usd:,.2f} $",
             f"commitment fixed: cones {study.cone_usd:,.2f} $, tangents {study.tangent_usd:,.2f} $ "
             f"({100 * abs(study.cone_usd / study.tangent_usd - 1):.4f} % apart)"]
    return "\n".join([*lines, "", *proof])


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The request."""
    parser = argparse.ArgumentParser(description="What splitting into layers costs.")
    parser.add_argument("scenario", nargs="?", default=SCENARIO)
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("-o", "--output", type=Path, help="folder for layers.csv")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Run the study and print its table; 0 when done."""
    asked = arguments(words)
    compared = study(checked_scenario(asked.scenario, asked.overrides))
    print(table(compared))
    if asked.output is not None:
        asked.output.mkdir(parents=True, exist_ok=True)
        with (asked.output / "layers.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(asdict(compared.rows[0])))
            writer.writeheader()
            writer.writerows(asdict(row) for row in compared.rows)
        proof = {key: value for key, value in asdict(compared).items() if key != "rows"}
        write_rows(list(proof), [list(proof.values())], asked.output / "proof.csv")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
