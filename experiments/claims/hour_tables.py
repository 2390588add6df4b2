"""Tables and verdicts on the nine hours, on compliance as a plan sees it, and on wear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.claims import hours
from experiments.claims.hours import CLAIMED_HOURS, FIRST_LINE, Cell, Setting
from experiments.claims.plans import Switches
from experiments.claims.verdicts import Verdict
from experiments.csv_rows import write_rows
from experiments.system.claims_day import hour_ranges
from testbed.reporting.tables import print_table

HEAD = ("setting", "hours against no_pev", "which", "against uncoordinated", "which ", "charged MWh",
        "discharged MWh", "operating $", "MILP gap")
NEAR = 1
"""The count may differ by this much and still be called reproduced."""


def report(folder: Path, workers: int) -> list[Verdict]:
    """All tables, and the three verdicts."""
    changes = [(), *hours.FLEETS.values(), *((f"{hours.ASSUMED}={share}",) for share in hours.COMPLIANCE)]
    first, *others = hours.first_of(changes, workers)
    grid = [Setting(line.label, line, first) for line in hours.grid()]
    wear = [Setting(line.label, line, first) for tariff in hours.TARIFF for line in hours.wear_line(tariff)]
    fleets = [Setting(name, FIRST_LINE, line) for name, line in zip(hours.FLEETS, others, strict=False)]
    shares = [Setting(f"{share:.0%} comply", FIRST_LINE, line)
              for share, line in zip(hours.COMPLIANCE, others[len(hours.FLEETS):], strict=True)]
    asked = (grid, wear, fleets, shares)
    cells = iter(hours.measure([setting for settings in asked for setting in settings], folder / "plans",
                               workers))
    made = [[next(cells) for _ in settings] for settings in asked]
    for name, members in zip(("grid", "wear", "fleets", "compliance"), made, strict=True):
        print(f"hours with fewer units: {name}")
        print_table(HEAD, [row(cell) for cell in members])
        write_rows(HEAD, [row(cell) for cell in members], folder / f"hours_{name}.csv")
    print_hours(made[2][0])
    return [grid_verdict(made[0]), fleet_verdict(made[2]), compliance_verdict(made[3]), wear_verdict(made[1])]


def row(cell: Cell) -> tuple[str, ...]:
    """A cell as a line."""
    return (cell.label, str(cell.against_no_pev.size), hour_ranges(cell.against_no_pev),
            str(cell.against_uncoordinated.size), hour_ranges(cell.against_uncoordinated),
            f"{cell.charge_mw.sum():.0f}", f"{cell.discharge_mw.sum():.0f}", f"{cell.operating_cost_usd:,.0f}",
            f"{cell.gap_rel:.1e}")


def print_hours(cell: Cell) -> None:
    """The first line's setting hour by hour: what decides each of the hours."""
    here = range(cell.units_on.size)
    print_table(("hour", "units without cars", "units with cars", "charging MW", "discharging MW", "claimed", "found"),
                [(f"h{h + 1}", str(cell.units_without_cars[h]), str(cell.units_on[h]), f"{cell.charge_mw[h]:.0f}",
                  f"{cell.discharge_mw[h]:.0f}", "yes" if h + 1 in CLAIMED_HOURS else "",
                  "yes" if h + 1 in cell.against_no_pev else "") for h in here])


def grid_verdict(cells: Sequence[Cell]) -> Verdict:
    """Nine hours: where on the grid."""
    first = next(c for c in cells if c.switches == FIRST_LINE)
    enough = [c for c in cells if c.against_no_pev.size >= len(CLAIMED_HOURS) - NEAR]
    free = [c for c in cells if c.switches.reserve_rule == "thermal_only"]
    dear = [c for c in cells if c.switches.wear_usd_per_mwh > 0]
    return Verdict(
        "nine hours of avoided start-ups (h9-14, h20-22)",
        f"{first.against_no_pev.size} hours in the first line's setting ({hour_ranges(first.against_no_pev)}), "
        f"{first.claimed} of the nine among them; over the grid {_range(cells)} against no_pev and "
        f"{_range(cells, True)} against uncoordinated",
        "partly",
        f"{len(enough)} of {len(cells)} settings reach {len(CLAIMED_HOURS) - NEAR} or more: {_common(enough)}; "
        f"thermal_only gives {_range(free)}, wear above 0 {_range(dear)}")


def fleet_verdict(cells: Sequence[Cell]) -> Verdict:
    """What the fleet has to do with it."""
    text = "; ".join(f"{c.label}: {hour_ranges(c.against_no_pev) or 'none'}" for c in cells)
    best = max(cells, key=lambda c: (c.claimed, -abs(c.against_no_pev.size - len(CLAIMED_HOURS))))
    return Verdict("the same nine hours", text, "yes" if best.claimed == len(CLAIMED_HOURS) else "partly",
                   f"nearest with: {best.label} ({best.claimed} of the nine, {best.against_no_pev.size} in all)")


def compliance_verdict(cells: Sequence[Cell]) -> Verdict:
    """Compliance that the plan knows; what it does not know needs runs."""
    text = "; ".join(f"{c.label}: {c.against_no_pev.size} h, {c.discharge_mw.sum():.0f} MWh fed back" for c in cells)
    return Verdict("95 % of cars comply", text, "not measured here",
                   "plans that know their compliance; runs in which it is unknown: experiments.drivers.compliance")


def wear_verdict(cells: Sequence[Cell]) -> Verdict:
    """Hours and discharge against the wear coefficient."""
    parts = []
    for tariff in (False, True):
        line = [c for c in cells if c.switches.tariff is tariff]
        parts.append(f"tariff {'on' if tariff else 'off'}: " + ", ".join(
            f"{c.switches.wear_usd_per_mwh:g} $/MWh {c.against_no_pev.size} h {c.discharge_mw.sum():.0f} MWh"
            for c in line))
    return Verdict("a wear coefficient suffices", "; ".join(parts), "partly",
                   "the coefficient decides how much is fed back; what it should be needs the wear models")


def _range(cells: Sequence[Cell], loose: bool = False) -> str:
    counts = [(c.against_uncoordinated if loose else c.against_no_pev).size for c in cells]
    return f"{min(counts)}-{max(counts)} h" if counts else "-"


def _common(cells: Sequence[Cell]) -> str:
    """The values of each switch that occur among these cells, where not all do."""
    if not cells:
        return "none"
    parts = []
    for name in Switches.__dataclass_fields__:
        values = list(dict.fromkeys(getattr(c.switches, name) for c in cells))
        parts.append(f"{name} " + "/".join(_text(v) for v in values))
    return ", ".join(parts)


def _text(value: object) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def all_claimed(cell: Cell) -> bool:
    """Every one of the nine hours is among those found."""
    return bool(np.isin(CLAIMED_HOURS, cell.against_no_pev).all())
