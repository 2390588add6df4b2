"""Power and energy that must add up: the system's balance, cars, feeder losses, curtailment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audit.finding import Check, Floats, same, within
from audit.network import curtailed_mw
from audit.registry import rule
from audit.run import Run


@rule("3.9", "p_mw", "load_mw", "wind_available_mw", "pv_available_mw", "wind_curtailed_mw", "pv_curtailed_mw",
      "shed_mw", "dump_mw", "pev_total_mw", "losses_change_total_mw")
def balance(run: Run) -> Iterator[Check]:
    """Units, wind, sun and load shed meet load, cars, the change of feeder losses, generation that feeders do not take
    and what is dumped (U1)."""
    supply = (run("p_mw").sum(axis=1) + run("wind_available_mw") - run("wind_curtailed_mw")
              + run("pv_available_mw") - run("pv_curtailed_mw") + run("shed_mw") - run("dump_mw"))
    demand = (run("load_mw") + run("pev_total_mw") + run("losses_change_total_mw")
              + curtailed_mw(run.networks, run.steps))
    yield same("supply less demand", supply, demand, "MW")


@rule("2.2", "pev_total_mw", "charge_kw", "discharge_kw")
def cars_sum(run: Run) -> Iterator[Check]:
    """The system sees the power of all cars of all districts."""
    cars = run.over_districts("charge_kw") - run.over_districts("discharge_kw")
    yield same("cars", run("pev_total_mw"), cars / 1e3, "MW")


@rule("2.2", "losses_change_total_mw", "losses_change_mw", "losses_kw", "losses_base_kw")
def losses_sum(run: Run) -> Iterator[Check]:
    """The change of feeder losses is losses with cars less losses without, summed over networks."""
    total = np.zeros(run.steps)
    for district in run.networks:
        yield same(f"{district.name}: change of losses", district("losses_change_mw"),
                   (district("losses_kw") - district("losses_base_kw")) / 1e3, "MW")
        total += district("losses_change_mw")
    yield same("change of losses of all", run("losses_change_total_mw"), total, "MW")


def must_take_mw(run: Run) -> Floats:
    """[T] what of wind and sun cannot be curtailed; nothing in files of before."""
    return np.asarray(run("must_take_mw") if "must_take_mw" in run.arrays else np.zeros(run.steps))


@rule("5.6", "wind_curtailed_mw", "pv_curtailed_mw")
def curtailment(run: Run) -> Iterator[Check]:
    """No more is curtailed than there is and need not be taken, of wind and sun in proportion (U10)."""
    cut = {name: run(f"{name}_curtailed_mw") for name in ("wind", "pv")}
    available = {name: run(f"{name}_available_mw") for name in ("wind", "pv")}
    for name, power in cut.items():
        yield within(f"curtailed {name}", power, 0.0, available[name], "MW")
    whole: Floats = available["wind"] + available["pv"]
    share = np.divide(cut["wind"] + cut["pv"], whole, out=np.zeros(run.steps), where=whole > 0)
    yield Check("curtailed of what must be taken", cut["wind"] + cut["pv"] - np.maximum(whole - must_take_mw(run), 0.0),
                1e-6, "MW")
    yield same("wind's part of it", cut["wind"], share * available["wind"], "MW")
