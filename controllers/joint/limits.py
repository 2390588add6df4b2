"""Operating envelopes: hourly import and export limits of a district, published before the upper layer plans.

For each hour the largest total power of the district's cars that keeps every limit, and the largest total
discharge, each place within what its cars can draw; found on the answers of the feeder's own AC power flow
(tangents of convex limits), refined until the AC agrees.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from controllers.joint.coordination import reply_to
from controllers.joint.equations import Answers
from controllers.joint.network import Network
from controllers.temporal.unit_commitment.problem import Case
from models.records.arrays import Floats

ROUNDS = 8
KEPT_MW = 1e-4


def operating_envelope(case: Case, district: int, net: Network) -> tuple[Floats, Floats]:
    """(import, export) limits [H] in MW on the sum of the district's cars; both >= 0."""
    charge, discharge = place_limits_mw(case, district, net)
    return extreme(net, -discharge, charge, 1.0), extreme(net, -discharge, charge, -1.0)


def place_limits_mw(case: Case, district: int, net: Network) -> tuple[Floats, Floats]:
    """(charging, discharging) [C, H] that the cars at each place can reach together."""
    rows = case.rows
    place = np.where(rows.district == district, net.place_of_group(rows.group), -1)[rows.cohort]
    used = np.flatnonzero(place >= 0)
    limits = []
    for limit in (rows.pc_max_mw, rows.pd_max_mw):
        grid = np.zeros((net.place_count, case.horizon_h))
        np.add.at(grid, (place[used], rows.hour[used]), limit[used])
        limits.append(grid)
    return limits[0], limits[1]


def extreme(net: Network, low_mw: Floats, high_mw: Floats, sign: float) -> Floats:
    """[H] largest sign * sum y with low <= y <= high [C, H] and all limits kept, at least 0."""
    y = np.where(sign > 0, high_mw, low_mw)
    answers = Answers.none(net.place_count)
    for _ in range(ROUNDS):
        said = reply_to(net, y).overload
        answers = answers.and_also(said)
        if float(said.at(y).max(initial=0.0)) <= KEPT_MW:
            break
        y = np.stack([_hour(answers, t, low_mw[:, t], high_mw[:, t], sign) for t in range(net.horizon_h)], axis=1)
    return np.asarray(np.maximum(sign * y.sum(axis=0), 0.0))


def _hour(answers: Answers, hour: int, low: Floats, high: Floats, sign: float) -> Floats:
    """The hour's powers [C] under all answers so far; none where no power keeps them."""
    rows = np.flatnonzero(answers.hour == hour)
    bounds = list(zip(low.tolist(), high.tolist(), strict=True))
    if not rows.size:
        return np.asarray(high if sign > 0 else low)
    solution = linprog(-sign * np.ones(low.size), A_ub=answers.slope[rows], b_ub=-answers.constant[rows], bounds=bounds,
                       method="highs-ds")
    return np.asarray(solution.x) if solution.status == 0 else np.zeros(low.size)
