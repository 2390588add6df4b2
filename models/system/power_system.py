"""Thermal units against the real net load: economic dispatch with true curves, shortfall, emergency starts.

Every step the committed units minimise w1 F1 + w4 F4 (docs/model.md 5.6). What they cannot follow is
curtailed (renewables first), dumped or shed, each at its price, so that a wrong forecast has a cost.

Ramps hold between any step and the one an hour before, start-up limits in the first hour on, as in the hourly plan;
nothing limits the first hour of all, since no power was measured before it. Shut-down limits are the plan's alone:
a step does not know which unit will be told to stop. Nor does it know the hour after: units with ramps therefore begin
from their planned powers, which do, and only what the net load departs from these is met at least cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints, Table
from models.records.objective import Objective
from models.records.reserve_curve import ReserveCurve
from models.records.thermal_units import ThermalUnits
from models.system.dispatch_curve import DispatchCurve, Pieces, pieces

BEYOND_MW = 1e-3
"""What one more MWh costs of units with ramps is asked so much beyond a step's load: where all goes as planned each
unit stands where its plan left it, a solver's rounding below a bend or a limit, and that little room has no price."""
ROUNDING_MW = 1e-9
"""Sums of powers that differ by less are equal: nothing is curtailed, dumped or shed for it."""
Reserve = Literal["thermal_only", "scheduled", "deliverable"]
Headroom = Literal["capacity", "reachable"]


@dataclass(frozen=True)
class PowerSystemParameters:
    """Prices and rules of the re-dispatch. Shed and dump prices are assumed (A), reserve's in `reserve_curve`."""

    objective: Objective = field(default_factory=Objective)
    carbon_price_usd_per_t: float = 7.0
    curtailment_penalty_usd_per_mwh: float = 75.0
    reserve_rule: Reserve = "deliverable"
    headroom: Headroom = "capacity"
    """What counts as reserve of a unit that runs: its capacity, or what it can reach within the hour."""
    reserve_fraction: float = 0.10
    reserve_curve: ReserveCurve = field(default_factory=lambda: ReserveCurve.stepped(3000.0))
    shed_usd_per_mwh: float = 3000.0
    dump_usd_per_mwh: float = 100.0


@dataclass(frozen=True)
class NetLoad:
    """Mean powers of one step in MW; all >= 0 except `loss_change_mw`."""

    load_mw: float
    """Without cars, with normal feeder losses."""
    pev_charge_mw: float
    """Sum over charging cars, controlled or not."""
    pev_discharge_mw: float
    wind_mw: float
    """Available."""
    pv_mw: float
    loss_change_mw: float = 0.0
    """Feeder losses with cars less those without."""
    reserve_credit_mw: float = 0.0
    """What cars could add within their learned delivery quantile (rule `deliverable` only)."""
    delivery_quantile: float = 1.0
    """phi: the part of the cars' discharge that counts (rule `deliverable` only)."""
    must_take_mw: float = 0.0
    """What of wind and sun together cannot be curtailed."""
    generation_curtailed_mw: float = 0.0
    """Not taken of generators in feeders, which the load counts with."""

    @property
    def demand_mw(self) -> float:
        """Load, cars, losses and what feeders do not take of their generators, before renewables."""
        return (self.load_mw + self.pev_charge_mw - self.pev_discharge_mw + self.loss_change_mw
                + self.generation_curtailed_mw)

    @property
    def thermal_mw(self) -> float:
        """What is left for units where nothing is curtailed."""
        return self.demand_mw - self.wind_mw - self.pv_mw


@dataclass(frozen=True)
class PowerSystemStep(Table):
    """What happened in one step; powers are means over it, money and tons are its totals, states at its end."""

    p_mw: Floats
    """[U]"""
    committed: Ints
    """[U] units that truly ran."""
    hours_on: Ints
    """[U] whole hours on (+) or off (-) at the step's end, never 0."""
    fuel_cost_usd: float
    startup_cost_usd: float
    carbon_t: float
    wind_curtailed_mw: float
    pv_curtailed_mw: float
    shed_mw: float
    dump_mw: float
    reserve_shortfall_mw: float
    emergency_starts: int
    imbalance_cost_usd: float
    """Shed, dump and reserve shortfall at their prices."""
    marginal_price_usd_per_mwh: float
    """Weighted cost of one more MWh of load."""
    marginal_carbon_t_per_mwh: float
    """Emissions of one more MWh of load, units on as they are; 0 where curtailed power serves it or it is shed."""
    marginal_cost_usd_per_mwh: float
    """Fuel and carbon of one more MWh of load with weights 1; 0 where curtailed power serves it or it is shed."""


class PowerSystem:
    """The generating side of the world; remembers since when each unit is on or off."""

    def __init__(self, units: ThermalUnits, parameters: PowerSystemParameters | None = None) -> None:
        self.units = units
        self.parameters = parameters or PowerSystemParameters()
        self.on_s: Ints = units.initial_h * SECONDS_PER_HOUR
        """[U] seconds on (+) or off (-), exact."""
        self._emergency = np.zeros(units.count, dtype=bool)
        self._shed_mw = 0.0
        self._last_demand_mw = 0.0
        self._curves: dict[bytes, tuple[Pieces, DispatchCurve]] = {}
        limits = (units.ramp_up_mw_per_h, units.ramp_down_mw_per_h, units.p_startup_max_mw)
        self.has_ramps = bool(np.isfinite(limits).any())
        """Whether a step hangs on the hour before and, for the hour after, on the plan."""
        self._last_hour: list[Floats] = []
        """Powers [U] of the steps of the last hour, NaN where a unit was off; kept only for units with ramps."""

    @property
    def hours_on(self) -> Ints:
        """[U] whole hours on (+) or off (-), rounded toward 0 but never 0."""
        whole = np.maximum(np.abs(self.on_s) // SECONDS_PER_HOUR, 1)
        return np.asarray(np.sign(self.on_s) * whole, dtype=np.int64)

    def step(self, now_s: int, dt_s: int, committed: Ints, net: NetLoad,
             unavailable: Bools | None = None, planned_mw: Floats | None = None) -> PowerSystemStep:
        """Run [now_s, now_s + dt_s) with the ordered units `committed` [U] (0/1) against `net`.

        unavailable [U]: units that are off whatever is ordered; None: all can run. planned_mw [U]: powers by the plan
        in force, from which units with ramps begin; None: there are none.
        """
        gone = np.zeros(self.units.count, dtype=np.bool_) if unavailable is None else unavailable
        on, emergency_starts = self._running(now_s, (np.asarray(committed) > 0) & ~gone, gone)
        startup_cost = self._startup_cost_usd(on)
        reach, q = self._range_mw(dt_s), self.parameters
        between = _from_plan(reach, planned_mw, on, net.thermal_mw)
        p_mw, curtailed, shed, dump, price = self._dispatch(on, net, between)
        # where power is curtailed, dumped or shed, one more MWh moves no unit
        follows = curtailed == 0 and shed == 0 and dump == 0
        if follows and reach is not None:
            next_one = self._curve(on, _from_plan(reach, planned_mw, on, net.thermal_mw + BEYOND_MW))
            total_mw = min(float(p_mw[on].sum()) + BEYOND_MW, float(next_one[1].totals[-1]))
            price = next_one[1].at(total_mw)[1]
        else:
            next_one, total_mw = self._curve(on, between), float(p_mw[on].sum())
        marginal_carbon, marginal_cost = self._marginal(p_mw, total_mw, *next_one) if follows else (0.0, 0.0)
        self._remember(p_mw, on, dt_s)
        self._advance(on, dt_s)
        # emergency starts answer in the next step: a shortage is known only once it is there
        self._shed_mw = shed
        self._last_demand_mw = net.thermal_mw
        wind_cut, pv_cut = _split(curtailed, net.wind_mw, net.pv_mw)
        highest = self.units.p_max_mw if reach is None or q.headroom == "capacity" else reach[1]
        reserve = self._reserve_shortfall_mw(float(highest[on].sum()), net, curtailed, shed)
        hours = dt_s / SECONDS_PER_HOUR
        imbalance = (shed * q.shed_usd_per_mwh + dump * q.dump_usd_per_mwh
                     + float(q.reserve_curve.cost_usd_per_h(reserve, q.reserve_fraction * net.load_mw)[0]))
        return PowerSystemStep(
            p_mw=p_mw, committed=on.astype(np.int64), hours_on=self.hours_on,
            fuel_cost_usd=float(self.units.fuel_cost_usd_per_h(p_mw, on).sum()) * hours,
            startup_cost_usd=startup_cost,
            carbon_t=float(self.units.emissions_t_per_h(p_mw, on).sum()) * hours,
            wind_curtailed_mw=wind_cut, pv_curtailed_mw=pv_cut, shed_mw=shed, dump_mw=dump,
            reserve_shortfall_mw=reserve, emergency_starts=emergency_starts,
            imbalance_cost_usd=imbalance * hours, marginal_price_usd_per_mwh=price,
            marginal_carbon_t_per_mwh=marginal_carbon, marginal_cost_usd_per_mwh=marginal_cost,
        )

    # ------------------------------------------------------------ which units run
    def _running(self, now_s: int, ordered: Bools, gone: Bools) -> tuple[Bools, int]:
        """Ordered units, emergency units still needed, and new emergency starts for what was shed last step."""
        self._emergency &= ~gone
        self._release(now_s, ordered)
        starts = self._fast_units(ordered, gone)
        self._emergency |= starts
        return ordered | self._emergency, int(starts.sum())

    def _release(self, now_s: int, ordered: Bools) -> None:
        """At whole hours, emergency units go once their minimum up time is over and the rest is enough."""
        self._emergency &= ~ordered
        # within the hour the plan's units cannot have taken over yet
        if now_s % SECONDS_PER_HOUR or not self._emergency.any():
            return
        served = self.on_s >= self.units.min_up_h * SECONDS_PER_HOUR
        room = self.units.p_max_mw[ordered | self._emergency].sum() - self._last_demand_mw
        for i in np.flatnonzero(self._emergency & served):
            if room >= self.units.p_max_mw[i]:
                self._emergency[i] = False
                room -= self.units.p_max_mw[i]

    def _fast_units(self, ordered: Bools, gone: Bools) -> Bools:
        """Cheapest units with MU = MD = 1 h that cover what was shed in the step before, none if nothing was."""
        units, starts = self.units, np.zeros(self.units.count, dtype=np.bool_)
        if self._shed_mw <= 0:
            return starts
        missing = self._last_demand_mw - float(units.p_max_mw[ordered | self._emergency].sum())
        if missing <= 0:
            return starts
        fast = (units.min_up_h == 1) & (units.min_down_h == 1) & ~ordered & ~self._emergency & ~gone
        ready = np.flatnonzero(fast & (self.on_s <= -SECONDS_PER_HOUR))
        full_load_cost = units.fuel_cost_usd_per_h(units.p_max_mw, units.p_max_mw > 0) / units.p_max_mw
        # they will run near full load, so that is where they are compared; equal ones start in the table's order
        order = ready[np.argsort(full_load_cost[ready], kind="stable")]
        covered_before = np.cumsum(units.p_max_mw[order]) - units.p_max_mw[order]
        # the last one needed may cover more than is missing
        starts[order[covered_before < missing]] = True
        return starts

    def _startup_cost_usd(self, on: Bools) -> float:
        """By the hours off until now, for each unit that turns on."""
        cost = self.units.start_cost_usd(-self.on_s / SECONDS_PER_HOUR)
        return float(cost[on & (self.on_s < 0)].sum())

    def _advance(self, on: Bools, dt_s: int) -> None:
        was_on = self.on_s > 0
        kept = np.where(on == was_on, np.abs(self.on_s), 0)
        self.on_s = np.where(on, kept + dt_s, -(kept + dt_s))

    # ------------------------------------------------------------ powers and prices
    def _range_mw(self, dt_s: int) -> tuple[Floats, Floats] | None:
        """(least, most) power [U] that the hour before allows; None without ramps or before the first hour is over."""
        if not self.has_ramps or len(self._last_hour) * dt_s < SECONDS_PER_HOUR:
            return None
        units, before = self.units, self._last_hour[0]
        was_on = np.isfinite(before)
        least = np.where(was_on, np.maximum(units.p_min_mw, before - units.ramp_down_mw_per_h), units.p_min_mw)
        most = np.where(was_on, before + units.ramp_up_mw_per_h, units.p_startup_max_mw)
        return least, np.asarray(np.minimum(units.p_max_mw, most), dtype=np.float64)

    def _remember(self, p_mw: Floats, on: Bools, dt_s: int) -> None:
        if self.has_ramps:
            kept = SECONDS_PER_HOUR // dt_s
            self._last_hour = [*self._last_hour, np.where(on, p_mw, np.nan)][-kept:]

    def _curve(self, on: Bools, between: tuple[Floats, Floats] | None) -> tuple[Pieces, DispatchCurve]:
        # few sets of units run in a day, so their curves are kept; ramps move the limits in every step
        key = on.tobytes()
        if between is not None or key not in self._curves:
            q, units = self.parameters, self.units
            w1, carbon = q.objective.operating, q.objective.carbon * q.carbon_price_usd_per_t
            slope = w1 * units.cost_b_usd_per_mwh + carbon * units.emission_beta_t_per_mwh
            bend = w1 * units.cost_c_usd_per_mw2h + carbon * units.emission_gamma_t_per_mw2h
            low, high = between or (units.p_min_mw, units.p_max_mw)
            cut = pieces(units, on, low, high)
            begins = slope[cut.unit] + w1 * cut.extra_usd_per_mwh + 2 * bend[cut.unit] * cut.offset_mw
            curve = DispatchCurve(begins, bend[cut.unit], cut.low_mw, cut.high_mw)
            if between is not None:
                return cut, curve
            self._curves[key] = cut, curve
        return self._curves[key]

    def _marginal(self, p_mw: Floats, total_mw: float, cut: Pieces, curve: DispatchCurve) -> tuple[float, float]:
        """(dE/dL, dF/dL) along the dispatch of the running units, F = fuel + carbon price x emissions, unweighted.

        dE/dL = sum_i (beta_i + 2 gamma_i P_i) dP_i/dL in t/MWh, dF/dL = sum_i (b_i + 2 c_i P_i) dP_i/dL + price dE/dL,
        with the shares dP_i/dL at that total of the curve.
        """
        units, shares = self.units, curve.shares_at(total_mw)
        tons = (units.emission_beta_t_per_mwh + 2 * units.emission_gamma_t_per_mw2h * p_mw)[cut.unit] @ shares
        fuel_usd = ((units.cost_b_usd_per_mwh + 2 * units.cost_c_usd_per_mw2h * p_mw)[cut.unit]
                    + cut.extra_usd_per_mwh) @ shares
        return float(tons), float(fuel_usd + self.parameters.carbon_price_usd_per_t * tons)

    def _dispatch(self, on: Bools, net: NetLoad,
                  between: tuple[Floats, Floats] | None) -> tuple[Floats, float, float, float, float]:
        """(p_mw [U], curtailed, shed, dump, price): units first, then curtailment, then dump or shed."""
        q, renewable = self.parameters, net.wind_mw + net.pv_mw
        needed, spillable = net.demand_mw - renewable, max(renewable - net.must_take_mw, 0.0)
        # paying for power to be taken away may be cheaper than leaving wind unused: the lower one sets the price
        cut_price = -min(q.objective.curtailment * q.curtailment_penalty_usd_per_mwh, q.dump_usd_per_mwh)
        cut, curve = self._curve(on, between)
        least, most = float(curve.totals[0]), float(curve.totals[-1])
        # with falling emission curves it may pay to curtail before every unit is at its minimum
        low = float(np.interp(cut_price, curve.prices, curve.totals))
        if low - needed > spillable:
            low = max(needed + spillable, least)
        powers, price = curve.at(min(max(needed, low), most))
        p_mw = np.bincount(cut.unit, powers, self.units.count).astype(np.float64)
        curtailed = min(_beyond_rounding(low - needed), spillable)
        dump = _beyond_rounding(least - needed - spillable)
        shed = _beyond_rounding(needed - most)
        if shed > 0:
            price = q.shed_usd_per_mwh
        elif dump > 0:
            price = -q.dump_usd_per_mwh
        elif curtailed > 0:
            price = cut_price
        return p_mw, curtailed, shed, dump, price

    def _reserve_shortfall_mw(self, highest_mw: float, net: NetLoad, curtailed: float, shed: float) -> float:
        """The plan's reserve rule with actual powers (docs/model.md 3.12), at most the requirement.

        highest_mw: what counts of units; load that is shed has its own price and needs no reserve.
        """
        q = self.parameters
        firm = highest_mw + net.wind_mw + net.pv_mw - curtailed
        if q.reserve_rule == "scheduled":
            firm += net.pev_discharge_mw
        if q.reserve_rule == "deliverable":
            firm += net.delivery_quantile * net.pev_discharge_mw + net.reserve_credit_mw
        requirement = q.reserve_fraction * net.load_mw
        return min(max(requirement + net.load_mw - shed + net.pev_charge_mw - firm, 0.0), requirement)


def _beyond_rounding(mw: float) -> float:
    return mw if mw > ROUNDING_MW else 0.0


def _from_plan(reach: tuple[Floats, Floats] | None, planned_mw: Floats | None, on: Bools, thermal_mw: float
               ) -> tuple[Floats, Floats] | None:
    """(least, most) power [U]: none falls below its planned power where more is needed than planned, none rises above
    it where less is; without ramps or without a plan what can be reached."""
    if reach is None or planned_mw is None:
        return reach
    least, most = reach
    base = np.clip(planned_mw, least, most)
    return (base, most) if thermal_mw >= base[on].sum() else (least, base)


def _split(curtailed: float, wind: float, pv: float) -> tuple[float, float]:
    """Curtailment shared between wind and PV in proportion to what is available."""
    if curtailed <= 0:
        return 0.0, 0.0
    return curtailed * wind / (wind + pv), curtailed * pv / (wind + pv)
