"""What a plan costs: the four objectives apart, from the plan's powers alone (numpy, true quadratic curves)."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.temporal.unit_commitment import objective as of
from controllers.temporal.unit_commitment.missing import Missing, Powers, missing_reserve
from controllers.temporal.unit_commitment.problem import Case
from controllers.temporal.unit_commitment.stages import Dispatch
from models.records.arrays import Ints


@dataclass(frozen=True)
class Accounts:
    """Money over the horizon, unweighted, and the weighted objective."""

    operating_usd: float
    """F1: fuel and start-ups."""
    owners_usd: float
    """F2 at the tariff, whether or not the objective counts tariffs; negative = owners earn."""
    curtailment_usd: float
    """F3."""
    carbon_usd: float
    """F4."""
    carbon_t: float
    objective_usd: float
    """w1 F1 + w2 F2 + w3 F3 + w4 F4 + missing reserve - terminal value; F2 without tariffs if they are off."""
    reserve: Missing


def account(case: Case, u: Ints, d: Dispatch) -> Accounts:
    """The costs of the schedule `u` [U, H] with powers `d`."""
    powers = Powers(u, d.p_mw, d.wind_cut_mw, d.pv_cut_mw, d.pc_mw, d.pd_mw, d.x_mwh)
    reserve = missing_reserve(case, powers)
    return Accounts(
        operating_usd=of.operating_usd(case, powers),
        owners_usd=of.wear_usd(case, powers) + of.tariff_usd(case, powers),
        curtailment_usd=of.curtailed_usd(case, powers), carbon_usd=of.carbon_usd(case, powers),
        carbon_t=of.emitted_t(case, powers),
        objective_usd=of.accounted_usd(case, powers, float(reserve.usd.sum())), reserve=reserve)
