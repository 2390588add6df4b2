"""Voltages of a transformer's windings at the position of its tap changer, as pandapower has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.network.net_tables import column_of
from models.network.transformers.tap_changer import Taps
from models.records.arrays import Bools, Floats

TURNING = ("Ratio", "Symmetrical")
"""Kinds of tap changers that change the number of turns; others turn the phase alone."""


def windings_kv(trafo: Any) -> tuple[Floats, Floats]:
    """(high, low) in kV of each row of a table of transformers.

    A tap changer makes of v: |v + v n u (cos a + j sin a)|, n steps from neutral, u their size, a their angle.
    """
    kv = {side: column_of(trafo, f"vn_{side}_kv") for side in ("hv", "lv")}
    for tap in ("tap", "tap2"):
        steps = column_of(trafo, f"{tap}_pos", np.nan) - column_of(trafo, f"{tap}_neutral", np.nan)
        part = np.nan_to_num(steps * column_of(trafo, f"{tap}_step_percent", 0.0) / 100.0)
        angle = np.deg2rad(column_of(trafo, f"{tap}_step_degree", 0.0))
        tapped = np.hypot(1.0 + part * np.cos(angle), part * np.sin(angle))
        for side, winding_kv in kv.items():
            kv[side] = np.where(_turns(trafo, tap, side), winding_kv * tapped, winding_kv)
    return kv["hv"], kv["lv"]


def _turns(trafo: Any, tap: str, side: str) -> Bools:
    """Whether the tap changer stands on this side and changes the turns; one of no kind does nothing."""
    if not {f"{tap}_side", f"{tap}_changer_type"} <= set(trafo.columns):
        return np.zeros(len(trafo), dtype=np.bool_)
    return np.asarray((trafo[f"{tap}_side"] == side) & trafo[f"{tap}_changer_type"].isin(TURNING), dtype=np.bool_)


def follows_a_table(trafo: Any) -> Bools:
    """Which transformers' ratio and impedance hang on a table by tap position; they are taken at neutral."""
    if "tap_dependency_table" not in trafo:
        return np.zeros(len(trafo), dtype=np.bool_)
    return np.asarray(trafo["tap_dependency_table"].fillna(value=False).astype(bool), dtype=np.bool_)


MOST_POSITIONS = 200


def taps_of(trafo: Any) -> Taps:
    """Positions of transformers that stand side by side and move together; ValueError says why there are none."""
    bounds = [column_of(trafo, f"tap_{name}", np.nan) for name in ("min", "max", "pos")]
    if not np.all(np.isfinite(bounds)):
        raise ValueError("tap_min, tap_max and tap_pos must be given")
    if np.any(follows_a_table(trafo)):
        raise ValueError("its table by tap position is not read")
    low, high, now = (int(values[0]) for values in bounds)
    if not low <= now <= high or not 0 < high - low <= MOST_POSITIONS:
        raise ValueError(f"tap_pos = {now} must lie in tap_min = {low} to tap_max = {high}, at most {MOST_POSITIONS} "
                         "apart")
    position = np.arange(low, high + 1)
    # read at every position: the ratio goes with the inverse of a winding's voltage, so its steps are not even
    high_kv, low_kv = (np.stack(side) for side in zip(
        *(windings_kv(trafo.assign(tap_pos=number)) for number in position), strict=True))
    if np.ptp(low_kv, axis=0).any():
        raise ValueError("its tap changer stands on the low side, which an automatic one must not")
    ratio = high_kv[now - low] / high_kv
    if np.ptp(ratio, axis=1).any() or not np.ptp(ratio[:, 0]):
        raise ValueError("their positions are not alike" if np.ptp(ratio[:, 0]) else "its positions change no ratio")
    return Taps(position, ratio[:, 0], now - low)
