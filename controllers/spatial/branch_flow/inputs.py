"""One decision hour's numbers as the lower layer's problem wants them. Letters as in layout.py."""

from __future__ import annotations

from dataclasses import dataclass

from models.records.arrays import Floats


@dataclass(frozen=True)
class Inputs:
    """Numbers of one decision hour; MW, MWh, $/MWh."""

    p_fixed: Floats
    """[L, T] load and cars outside control."""
    q_fixed: Floats
    p_cap: Floats
    """[R, T] active power each rated transformer leaves room for."""
    loss_usd_per_mw: Floats
    """[1, T] price x period length."""
    pc_max: Floats
    """[K, Q]"""
    pd_max: Floats
    """[Kd, Q]"""
    ratio: Floats
    """[Kd, Q] pc_max / pd_max."""
    x_min: Floats
    x_max: Floats
    """[K, Q]"""
    later_pc_max: Floats
    """[J, N]"""
    later_pd_max: Floats
    later_ratio: Floats
    later_x_min: Floats
    later_x_max: Floats
    later_share_c: Floats
    """[R, N] part of its later row's charging that a bus and kind gets; later_share_d of its discharging."""
    later_share_d: Floats
    target_c: Floats
    """[C, 1]"""
    target_d: Floats
    later_target_c: Floats
    """[W, N]"""
    later_target_d: Floats
    later_slack_usd_per_mw: Floats
    """[1, N] less than now; 0 where the plan has no hours left."""
    curtailable: Floats
    """[L, T] generation of which less may be taken; 0 elsewhere."""
    curtailment_usd_per_mw: Floats
    """[1, T] (what others' energy costs in its place + what the objective says of it) x period length."""
    correction: Floats | None
    """[L, T] of equation (9), repair only."""
    cars_least: Floats | None = None
    """[L, T] what cars at each bus may draw together by published limits of customers; None: there are none."""
    cars_most: Floats | None = None
