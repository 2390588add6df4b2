"""Table and verdict on the four objectives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.claims import fronts, objectives
from experiments.claims.objectives import Objectives
from experiments.claims.verdicts import Holds, Verdict
from experiments.csv_rows import write_rows
from testbed.reporting.tables import print_table

HEAD = ("scenario", "emissions", "controller", "F1 operating $", "F2 owners $", "F3 curtailment $", "F4 carbon $",
        "CO2 t", "average t/MWh", "marginal t/MWh", "charged MWh", "discharged MWh", "reserve short MWh", "MILP gap")
EMISSIONS = "feeding back lowers emissions"
FALLING = ("operating_usd", "owners_usd", "curtailment_usd", "carbon_t")


def report(folder: Path, workers: int) -> list[Verdict]:
    """Tables and the verdicts."""
    measured = objectives.measure(folder / "plans", workers)
    rows = [row(outcome) for outcome in measured]
    print("objectives of the first day's plans, each apart")
    print_table(HEAD, rows)
    write_rows(HEAD, rows, folder / "objectives.csv")
    traded = fronts.report(folder, workers)
    return [verdict(measured), carbon_verdict(measured, traded)]


def carbon_verdict(measured: Sequence[Objectives], traded: str) -> Verdict:
    """Average and marginal carbon of plans that feed back, and what a ton less costs."""
    planned = [o for o in measured if o.controller == "temporal"]
    text = "; ".join(f"{o.scenario} {o.emissions}: average {o.average_t_per_mwh:.3f}, of one more MWh charged "
                     f"{o.marginal_t_per_mwh:.3f} t/MWh" for o in planned)
    return Verdict(EMISSIONS, f"{text}; {traded}", emissions_hold(len(rises(measured)), len(planned)),
                   f"emissions rise against uncoordinated in: {', '.join(rises(measured)) or 'no setting'}")


def emissions_hold(rising: int, settings: int) -> Holds:
    """In all settings, in some, in none."""
    return "yes" if not rising else "partly" if rising < settings else "no"


def rises(measured: Sequence[Objectives]) -> list[str]:
    """Settings in which plans that feed back emit more than cars outside control."""
    loose = {(o.scenario, o.emissions): o.carbon_t for o in measured if o.controller == "uncoordinated"}
    return [f"{o.scenario} {o.emissions}" for o in measured
            if o.controller == "temporal" and o.carbon_t > loose[o.scenario, o.emissions]]


def row(made: Objectives) -> tuple[str, ...]:
    """A plan as a line."""
    return (made.scenario, made.emissions, made.controller, f"{made.operating_usd:,.0f}", f"{made.owners_usd:,.0f}",
            f"{made.curtailment_usd:,.0f}", f"{made.carbon_usd:,.0f}", f"{made.carbon_t:,.0f}",
            f"{made.average_t_per_mwh:.4f}", f"{made.marginal_t_per_mwh:.3f}", f"{made.charged_mwh:.0f}",
            f"{made.discharged_mwh:.0f}", f"{made.shortfall_mwh:.1f}", f"{made.gap_rel:.1e}")


def verdict(measured: Sequence[Objectives]) -> Verdict:
    """Do all four fall from cars outside control to cars that feed back?"""
    by = {(o.scenario, o.emissions, o.controller): o for o in measured}
    parts, together = [], []
    for scenario, emissions in dict.fromkeys((o.scenario, o.emissions) for o in measured):
        loose, planned = (by[scenario, emissions, name] for name in ("uncoordinated", "temporal"))
        change = {name: getattr(planned, name) - getattr(loose, name) for name in FALLING}
        if all(value <= 0 for value in change.values()):
            together.append(f"{scenario} {emissions}")
        share = change["carbon_t"] / loose.carbon_t
        parts.append(f"{scenario} {emissions}: F1 {change['operating_usd']:+,.0f} $, "
                     f"F2 {change['owners_usd']:+,.0f} $, F3 {change['curtailment_usd']:+,.0f} $, "
                     f"CO2 {change['carbon_t']:+,.0f} t ({100 * share:+.1f} %)")
    holds: Holds = "yes" if len(together) == len(parts) else "partly" if together else "no"
    return Verdict("four objectives fall together", "cars that feed back against uncoordinated: " + "; ".join(parts),
                   holds, f"none rises in: {', '.join(together) or 'no setting'}")
