"""Settings of the unit commitment's solve."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tuning:
    """Settings of the solve that are not part of the model."""

    node_limit: int = 3_000
    time_limit_s: float = math.inf
    """Seconds of each search. Only measurements have one: what it leaves depends on the machine."""
    terminal_value_usd_per_mwh: float = 20.0
    """Terminal rule `price`: value of a MWh in a battery at the horizon's end (A)."""
    delivery_quantile: float = 1.0
    """phi of reserve rule `deliverable`, until a learned one is given."""
    accepted_gap_factor: float = 2.0
    """A merged answer within this multiple of mip_gap of the bound stands; otherwise the full MILP is solved."""
    clusters: bool = True
    """Identical units are planned as numbers of running units, then shared out (clusters.py)."""
    tightening: bool = False
    """Redundant constraints that may speed up the MILP (equations.TIGHTENING); the optimum is the same."""
