"""The report's part for owners: what the simulated time cost a car, in a driver's own words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from testbed.owners.statements import (
    Statements,
    change_usd,
    distribution,
    has_statements,
    owner_price,
    owner_statements,
    zone_sums,
)
from testbed.reporting.page import details, number, table
from testbed.results.reading import Result

BASELINE = "uncoordinated"
SUM_COLUMNS = (("bought [kWh]", "bought_kwh"), ("sold [kWh]", "sold_kwh"), ("tariff [$]", "tariff_usd"),
               ("charged on the way [$]", "fast_charged_usd"), ("battery wear [$]", "wear_usd"),
               ("missing at departure [$]", "shortfall_usd"), ("energy gained [$]", "stored_usd"),
               ("net cost [$]", "net_usd"))


def owners_section(results: Sequence[Result]) -> str:
    """HTML for completed runs: the first seed of each controller, against uncoordinated of the same seed."""
    shown = {r.controller: r for r in reversed(results) if has_statements(r)
             and all(r.vehicle(d, "class_index").size for d in r.districts)}
    if not shown:
        return ""
    statements = {name: owner_statements(shown[name]) for name in dict.fromkeys(r.controller for r in results)
                  if name in shown}
    first = next(iter(shown.values()))
    base = next((r for r in results if r.controller == BASELINE and r is shown.get(BASELINE)), None)
    pairs = [(name, own) for name, own in statements.items()
             if base is not None and name != BASELINE and shown[name].seed == base.seed]
    text = ("<p>What the counted time cost the owner of a car, mean per car. Costs are positive; a negative sum means "
            "that the owner earned. Energy gained or lost in the battery counts at the lowest tariff at which cars "
            "were charged, a kWh missing at "
            f"departure {number(owner_price(first, 'shortfall_usd_per_kwh'))} $. A bidirectional charger, about "
            f"{number(owner_price(first, 'slow_v2g_charger_usd_per_year'))} $ a year more than a one-way one, "
            "is in no sum.</p>")
    text += table(("controller", *(escape(head) for head, _ in SUM_COLUMNS)),
                  [(escape(name), *(_cents(float(getattr(own, key).mean())) for _, key in SUM_COLUMNS))
                   for name, own in statements.items()])
    for name, own in pairs:
        text += _against(name, own, statements[BASELINE])
    rows = [(escape(name), escape(zone), *map(_cents, values)) for name in statements
            for zone, *values in zone_sums(shown[name])]
    return text + details("By zone and class, where the energy flowed", table(
        ("controller", "zone/class", "bought [kWh]", "sold [kWh]", "tariff [$]", "wear [$]"), rows, text_columns=(1,)))


def _against(name: str, own: Statements, base: Statements) -> str:
    change = change_usd(own, base)
    rows = [(escape(d.name), number(d.cars), *(_cents(v) for v in (d.mean, d.p5, d.median, d.p95)),
             f"{d.worse_off_share:.0%}") for d in distribution(own, change)]
    return (f"<h3>{escape(name)} against each car's own uncoordinated day [$]</h3>"
            f"<p>{escape(driver_story(name, own, base))}</p>"
            + table(("cars (home zone)", "cars", "mean", "5 %", "median", "95 %", "worse off"), rows))


def driver_story(name: str, own: Statements, base: Statements) -> str:
    """The median car of the first class, private cars, in plain words: the one whose change is the middle of all."""
    change = change_usd(own, base)
    cars = np.flatnonzero(own.class_index == 0)
    cars = cars if cars.size else np.arange(own.count)
    car = cars[np.argsort(change[cars], kind="stable")[cars.size // 2]]
    better = "better" if change[car] < 0 else "worse"
    return (f"An ordinary car under {name}: it bought {own.bought_kwh[car]:.1f} kWh and sold {own.sold_kwh[car]:.1f} "
            f"kWh. The bill for electricity was {_money(own.tariff_usd[car])} (left to itself "
            f"{_money(base.tariff_usd[car])}), wear of the battery {_money(own.wear_usd[car])}, and it left "
            f"{own.short_kwh[car]:.1f} kWh short of what was wanted. All in all its owner is "
            f"{_money(abs(change[car]))} {better} off than by plugging in and charging at once.")


def _cents(value: float) -> str:
    """Two decimals, as bills and meters have them; a dash where the figure does not apply."""
    return f"{value:,.2f}" if np.isfinite(value) else number(value)


def _money(value: float) -> str:
    return f"{'-' if value < -0.005 else ''}{abs(value):.2f} $"
