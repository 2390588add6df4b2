"""Spinning reserve by the scenario's rule, with what happened (docs/model.md 3.12)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.finding import Check, Floats, holds, within
from audit.registry import rule
from audit.run import SECONDS_PER_HOUR, Run
from audit.unit_tables import units_of
from audit.units import limits_known, limits_mw


def requirement_mw(run: Run) -> Floats:
    """[T] a share of the load without cars."""
    return np.asarray(float(run.part("system")["reserve_fraction"]) * run("load_mw"))


@rule("3.12", "reserve_shortfall_mw")
def reserve(run: Run) -> Iterator[Check]:
    """The shortfall is what the rule leaves open with actual powers, at most the requirement; load that is shed needs
    none. Units count with their capacity, or with what they reach within the hour."""
    system, units = run.part("system"), units_of(run)
    counts, on = system["reserve_rule"], run("committed")
    discharge = run.over_districts("discharge_kw") / 1e3
    reachable = system.get("headroom") == "reachable"
    of_units = (on * limits_mw(run, units)[1]).sum(axis=1) if reachable else on @ units.high_mw
    firm = (of_units + run("wind_available_mw") - run("wind_curtailed_mw")
            + run("pv_available_mw") - run("pv_curtailed_mw"))
    if counts == "scheduled":
        firm = firm + discharge
    elif counts == "deliverable":
        phi = np.where(np.isnan(run("delivery_quantile")), 1.0, run("delivery_quantile"))
        firm = firm + phi * discharge + run("reserve_credit_mw")
    required = requirement_mw(run)
    needed = required + run("load_mw") - run("shed_mw") + run.over_districts("charge_kw") / 1e3
    # what units with ramps could reach in the first hour hangs on the one before, where days before were run
    least = np.where(limits_known(run, units) | (not reachable), of_units, run("p_mw").sum(axis=1))
    yield within("shortfall", run("reserve_shortfall_mw"), np.clip(needed - firm, 0.0, required),
                 np.clip(needed - firm + of_units - least, 0.0, required), "MW")


@rule("3.12")
def reserve_credit(run: Run) -> Iterator[Check]:
    """What cars could add is at most phi times what they charge and could give; nothing unless the rule is
    `deliverable`."""
    credit, phi = run("reserve_credit_mw"), np.nan_to_num(run("delivery_quantile"), nan=0.0)
    most = np.full(run.steps, np.inf)
    if run.has_totals and run.schema >= 2:
        room = sum(float(d("vehicle_p_discharge_max_kw").sum()) for d in run.districts) / 1e3
        most = phi * (run.over_districts("charge_kw") / 1e3 + room)
    counts = run.part("system")["reserve_rule"] == "deliverable"
    yield within("credit", credit, 0.0, most if counts else 0.0, "MW")


@rule("3.16")
def learned_shares(run: Run) -> Iterator[Check]:
    """phi and the learned compliance are shares, or not learned; phi holds for whole hours."""
    for name in ("delivery_quantile", "learned_compliance_mean"):
        value = np.nan_to_num(run(name), nan=0.5)
        yield within(name, value, 0.0, 1.0, "1")
    hour = run.time_s // SECONDS_PER_HOUR
    phi = np.nan_to_num(run("delivery_quantile"), nan=-1.0)
    yield holds("phi within an hour", (phi[1:] == phi[:-1]) | (hour[1:] != hour[:-1]))
