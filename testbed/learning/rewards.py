"""What agents are paid: a ledger of the run with its sign turned, step by step, to the cent of the result's figure.

What is booked in a step (fuel, start-ups, carbon, load shed, power dumped; tariff, wear, fast charging) is paid with
it. What can be told at the day's end alone (missing reserve, the worth of stored energy) is paid with the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from testbed.metrics.ledgers import Booked, operator_usd, owners_usd, society_usd
from testbed.metrics.registry import METRICS
from testbed.results.reading import Result
from testbed.scenario.record import Scenario
from testbed.wiring.listening import Heard

SYSTEM = "system"
STEP_SUMS: dict[str, Callable[[Booked], float]] = {
    f"{name}_cost_usd{ending}": of for name, of in
    (("society", society_usd), ("owners", owners_usd), ("operator", operator_usd)) for ending in ("_adjusted", "")}
"""Ledgers by the name of their figure, and what a step adds to them."""


class Rewards:
    """Of one run: USD by district since last asked. The power system's part is divided evenly."""

    def __init__(self, scenario: Scenario, ledger: str, districts: tuple[str, ...]) -> None:
        self._scenario, self._ledger, self._of = scenario, ledger, STEP_SUMS[ledger]
        self._step_h = scenario.step_s / 3600
        self._open = dict.fromkeys(districts, 0.0)
        self._paid = 0.0

    def book(self, simulator: str, values: Heard) -> None:
        """What a simulator said of one counted step."""
        if simulator == "fleet":
            for name in self._open:
                self._open[name] += self._of(_cars_booked(values[name]))
        elif simulator == "power_system":
            share = self._of(self._system_booked(values[SYSTEM])) / len(self._open)
            for name in self._open:
                self._open[name] += share

    def pay(self) -> dict[str, float]:
        """USD by district of all that was booked since the last time: costs are negative."""
        paid = {name: -cost for name, cost in self._open.items()}
        self._paid += sum(paid.values())
        self._open = dict.fromkeys(self._open, 0.0)
        return paid

    def settle(self, result: Result) -> dict[str, float]:
        """The last of a day: all rewards together then are the result's figure with its sign turned."""
        last = self.pay()
        left = -float(METRICS[self._ledger].function(result)) - self._paid
        self._paid += left
        return {name: value + left / len(last) for name, value in last.items()}

    def _system_booked(self, said: Mapping[str, Any]) -> Booked:
        system, objective = self._scenario.system, self._scenario.objective
        imbalance = said["shed_mw"] * system.shed_usd_per_mwh + said["dump_mw"] * system.dump_usd_per_mwh
        return Booked(fuel=said["fuel_cost_usd"], startups=said["startup_cost_usd"],
                      carbon=said["carbon_t"] * objective.carbon_price_usd_per_t, imbalance=imbalance * self._step_h,
                      wear=0.0, fast_charging=0.0, tariff=0.0)


def _cars_booked(said: Mapping[str, Any]) -> Booked:
    wear, tariff = (float(np.sum(said[name])) for name in ("wear_usd", "tariff_usd"))
    return Booked(fuel=0.0, startups=0.0, carbon=0.0, imbalance=0.0, wear=wear, tariff=tariff,
                  fast_charging=float(said["fast_charged_usd"]))
