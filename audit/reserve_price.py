"""What missing reserve costs by the scenario's curve (docs/model.md 3.13)."""

from __future__ import annotations

import numpy as np

from audit.finding import AuditError, Floats
from audit.run import Run

STEPPED_SHARE, STEPPED_USD = (0.0, 0.04, 0.96), (200.0, 1100.0)
"""The first 4 % of the requirement, up to 96 %; beyond, the price of load shed (docs/model.md 8.6)."""


def curve_of(run: Run) -> tuple[Floats, Floats]:
    """(shares of the requirement at which each step of the price begins, prices in USD/MWh)."""
    system = run.part("system")
    kind, shed = str(system["reserve_curve"]), float(system["shed_usd_per_mwh"])
    if kind == "flat":
        return np.zeros(1), np.array([float(system["reserve_shortfall_usd_per_mwh"])])
    if kind == "stepped":
        return np.array(STEPPED_SHARE), np.array([*STEPPED_USD, shed])
    own = system["reserve_steps"]
    if kind != "own" or not own:
        raise AuditError(f"system.reserve_curve={kind!r}: no curve that is known")
    prices = np.array(own["usd_per_mwh"], dtype=np.float64)
    if own.get("held_share") is None:
        return np.array(own.get("missing_share") or (0.0,), dtype=np.float64), prices
    ends = np.array([*own["held_share"][1:], 1.0], dtype=np.float64)
    return 1.0 - ends[::-1], prices[::-1]


def shortfall_usd_per_h(run: Run, missing_mw: Floats, requirement_mw: Floats) -> Floats:
    """The integral of the curve, for each missing power and its requirement."""
    share, prices = curve_of(run)
    ends = np.append(share[1:], 1.0)
    total = np.zeros(np.shape(missing_mw))
    for begin, end, price in zip(share, ends, prices, strict=True):
        total = total + price * np.clip(missing_mw - begin * requirement_mw, 0.0, (end - begin) * requirement_mw)
    return np.asarray(total)
