"""Batteries, chargers and what drivers make of instructions: the one owner of every car's energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.drivers.behaviours import COMPLIED, follows, moves
from models.drivers.compliance import Compliance, compare, none_instructed
from models.drivers.willingness import PriceResponse, fills_up, price_response
from models.fleet.battery import Batteries, Curves, Exchange, exchange_by_kind, refuse_impossible
from models.fleet.reactive import reactive_kvar
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints, Table
from models.records.vehicles import DeclaredTable, PresenceTable, Vehicles

ROUNDING_H = 1e-9
SHORT_KWH = 1e-6
"""Rounding allowed before a departure counts as short."""
BEFORE_ALL_S = -(2**62)
FreeBehaviour = Literal["on_arrival", "price_response"]


@dataclass(frozen=True)
class ChargingParameters:
    """Charging of all cars of a district: efficiency by load, and energy charged on the way (A)."""

    curves: Curves = ()
    """Efficiency by load of each kind of charger; None: the cars' constant pair."""
    fast_charge_usd_per_kwh: float = 0.20
    """Paid for energy charged on the way."""
    fast_charge_eta: float = 0.95


@dataclass(frozen=True)
class FleetStep(Table):
    """What happened in one step. Energies in kWh; per vehicle [V], per group [G], per bus [B]."""

    soc: Floats
    soc_arrived: Floats
    """After driving, before a stay that begins in this step takes anything."""
    p_kw: Floats
    """Mean power at the bus."""
    behaviour: Ints
    """Code of each car, of BEHAVIOURS; 0 also where nothing was asked."""
    charged_kwh: Floats
    """At the bus."""
    discharged_kwh: Floats
    stored_kwh: Floats
    """Into the battery from its charger."""
    drawn_kwh: Floats
    """Out of the battery to the grid."""
    driven_kwh: Floats
    fast_charged_kwh: Floats
    """Drawn from the grid outside the districts."""
    fast_charged_usd: Floats
    lost_kwh: Floats
    """In chargers, both ways, and in fast charging."""
    tariff_usd: Floats
    """Paid (positive) or earned (negative) by the owner."""
    wear_usd: Floats
    """Of energy drawn to the grid; wear of driving is the same for all controllers and not booked here."""
    departure_short_kwh: Floats
    """Missing at a departure in this step, beyond what no control could have delivered."""
    infeasible_request_kwh: Floats
    """Booked as a stay first can be dispatched."""
    p_bus_kw: Floats
    p_slow_bus_kw: Floats
    """Of it through chargers behind the bus's own transformer, such as slow ones."""
    q_bus_kvar: Floats
    discharge_bus_kw: Floats
    """What cars give back there, charging not taken off."""
    charge_group_kw: Floats
    discharge_group_kw: Floats
    tariff_group_usd: Floats
    wear_group_usd: Floats
    by_behaviour: Ints
    """[len(BEHAVIOURS)] plugged cars by behaviour; `complied` counts those that did as instructed."""
    instructed_count: int
    complied_count: int
    instructed_up_kwh: float
    delivered_up_kwh: float
    instructed_down_kwh: float
    delivered_down_kwh: float
    departures_short: int
    model_mismatch_kwh: float
    energy_kwh: float
    """In all batteries at the end of the step."""


class _Ledger:
    """Sums of one step while it is being made; [V] unless said otherwise."""

    def __init__(self, vehicles: int, buses: int, groups: int) -> None:
        self.charged_kwh, self.discharged_kwh = np.zeros(vehicles), np.zeros(vehicles)
        self.stored_kwh, self.drawn_kwh = np.zeros(vehicles), np.zeros(vehicles)
        self.group_charged_kwh, self.group_discharged_kwh = np.zeros(groups), np.zeros(groups)
        self.group_wear_usd = np.zeros(groups)
        self.bus_kwh, self.slow_bus_kwh = np.zeros(buses), np.zeros(buses)
        self.bus_discharged_kwh = np.zeros(buses)
        self.mismatch_kwh = 0.0

    def book(self, rows: Ints, group: Ints, bus: Ints, done: Exchange, wear_usd_per_kwh: Floats,
             is_behind: Bools) -> None:
        """Add what the cars in rows [N], of these groups and at these buses [N], exchanged; is_behind [N]: through the
        bus's own transformer."""
        # each car stands in rows once, so += loses none; groups and buses are shared and need bincount
        self.charged_kwh[rows] += done.charged_kwh
        self.discharged_kwh[rows] += done.discharged_kwh
        self.stored_kwh[rows] += done.stored_kwh
        self.drawn_kwh[rows] += done.drawn_kwh
        groups = self.group_wear_usd.size
        self.group_charged_kwh += np.bincount(group, done.charged_kwh, groups)
        self.group_discharged_kwh += np.bincount(group, done.discharged_kwh, groups)
        self.group_wear_usd += np.bincount(group, done.drawn_kwh * wear_usd_per_kwh, groups)
        net_kwh = done.charged_kwh - done.discharged_kwh
        self.bus_kwh += np.bincount(bus, net_kwh, self.bus_kwh.size)
        self.slow_bus_kwh += np.bincount(bus, net_kwh * is_behind, self.bus_kwh.size)
        self.bus_discharged_kwh += np.bincount(bus, done.discharged_kwh, self.bus_kwh.size)


@dataclass(frozen=True)
class _Free:
    """How cars that are not told what to do behave in this step."""

    behaviour: FreeBehaviour
    now_s: int
    dt_s: int
    price_charge: Floats
    price_discharge: Floats


@dataclass(frozen=True)
class _Orders:
    """What the stays plugged in as the step begins are told, arrays [N]."""

    rows: Ints
    """Vehicle slots."""
    is_asked: Bools
    setpoint_kw: Floats
    follow_h: Floats
    """Hours in which the car does as told; its own behaviour has the rest of the stay."""
    stay_h: Floats


class Fleet:
    """Energy of every car of a district, stepped together.

    bus_zone [B]; wear_usd_per_kwh [V] per kWh drawn to the grid; price_quantile [V] is `Drivers.price_quantile`.
    """

    def __init__(self, vehicles: Vehicles, bus_zone: Ints, wear_usd_per_kwh: Floats,
                 price_quantile: Floats | None = None, response: PriceResponse | None = None,
                 parameters: ChargingParameters | None = None) -> None:
        self.vehicles = vehicles
        self.parameters = parameters or ChargingParameters()
        self.energy_kwh: Floats = vehicles.soc_initial * vehicles.capacity_kwh
        self._bus_zone = bus_zone
        self._wear_usd_per_kwh = wear_usd_per_kwh
        self._price_quantile = np.ones(vehicles.count) if price_quantile is None else price_quantile
        self._response = response or PriceResponse()
        self._batteries = Batteries.of(vehicles)
        refuse_impossible(self._batteries, self.energy_kwh)
        self._charger_kind = vehicles.charger_kind
        # a car's class and charger never change, its zone does: all groups it may be in are looked up, not computed,
        # per step
        self._group_in_zone = np.stack([
            vehicles.group_of(np.arange(vehicles.count), np.full(vehicles.count, zone))
            for zone in range(vehicles.groups.zone_count)])
        self._is_behind = vehicles.groups.behind_transformer[self._charger_kind]
        self._min_kwh = vehicles.soc_min * vehicles.capacity_kwh
        self._is_dead: Bools | None = None
        """[B] buses without supply in this step."""
        self._stay_since_s = np.full(vehicles.count, BEFORE_ALL_S, dtype=np.int64)
        self._infeasible_kwh = np.zeros(vehicles.count)
        """Of the present stay."""

    @property
    def soc(self) -> Floats:
        """State of charge now [V]."""
        return self.energy_kwh / self.vehicles.capacity_kwh

    def step(self, now_s: int, dt_s: int, setpoint_kw: Floats, is_dispatched: Ints, declared: DeclaredTable,
             presence: PresenceTable, free_behaviour: FreeBehaviour, price_charge_usd_per_kwh: Floats,
             price_discharge_usd_per_kwh: Floats, arrivals_wait: bool | None = None,
             q_bus_kvar: Floats | None = None, without_power: Bools | None = None) -> FleetStep:
        """Simulate [now_s, now_s + dt_s): the stay plugged in at now_s, then driving, then a stay that begins.

        setpoint_kw [V] is held while a car is plugged in; prices [H] are hourly from the present hour on.
        arrivals_wait says whether enrolled cars that arrive within the step wait for their first instruction;
        None: if anybody is dispatched in this step. q_bus_kvar [B] is asked of the dispatched bidirectional cars of
        each bus, within their kVA (`models.fleet.reactive`); None: nothing is. without_power [B]: buses whose chargers
        are dead, told or not; None: none is.
        """
        self._is_dead = without_power
        free = _Free(free_behaviour, now_s, dt_s, price_charge_usd_per_kwh, price_discharge_usd_per_kwh)
        orders = self._orders(setpoint_kw, is_dispatched, declared, presence, now_s, dt_s)
        ledger = _Ledger(self.vehicles.count, self._bus_zone.size, self.vehicles.groups.count)
        # The order is that of the day: a stay goes on, a car leaves and drives, the next stay begins.
        infeasible_kwh = self._begin_stays(orders.rows, declared, now_s)
        self._stay(orders, declared, free, ledger)
        q_kvar = self._reactive(orders, declared, q_bus_kvar, dt_s, ledger)
        verdict = self._verdict(orders, declared, presence, now_s, dt_s, ledger)
        short_kwh = self._departures(orders.rows, declared, presence)
        fast_kwh = self._drive(presence.driven_kwh)
        waits = bool(np.any(orders.is_asked)) if arrivals_wait is None else arrivals_wait
        # a car whose telemetry is lost reports as it plugs in, before it has charged
        soc_arrived = self.soc
        brief_infeasible_kwh, brief_short_kwh = self._arrive(presence, waits, free, ledger)
        infeasible_kwh, short_kwh = infeasible_kwh + brief_infeasible_kwh, short_kwh + brief_short_kwh
        return self._report(free, ledger, orders.rows, verdict, infeasible_kwh, short_kwh, fast_kwh,
                            presence.driven_kwh, q_kvar, soc_arrived)

    # ------------------------------------------------------------ the parts of a step
    def _orders(self, setpoint_kw: Floats, is_dispatched: Ints, declared: DeclaredTable,
                presence: PresenceTable, now_s: int, dt_s: int) -> _Orders:
        rows = np.flatnonzero(declared.is_plugged)
        stay_h = presence.stay_fraction[rows] * (dt_s / SECONDS_PER_HOUR)
        is_asked = (is_dispatched[rows] > 0) & self.vehicles.is_enrolled[rows]
        if not is_asked.any():
            return _Orders(rows, is_asked, setpoint_kw[rows], np.zeros(rows.size), stay_h)
        # the button is pressed at an instant, not at a step's edge: the step is split there
        behaviour = presence.behaviour[rows]
        follow_until_h = (presence.override_s[rows] - now_s) / SECONDS_PER_HOUR
        until_h = np.where(moves("obedience", behaviour), follow_until_h, stay_h)
        follow_h = np.where(is_asked & follows(behaviour), np.minimum(np.maximum(until_h, 0.0), stay_h), 0.0)
        return _Orders(rows, is_asked, setpoint_kw[rows], follow_h, stay_h)

    def _begin_stays(self, rows: Ints, declared: DeclaredTable, now_s: int) -> Floats:
        """Book what new stays want and no control could deliver from their first dispatched step on [V].

        Wanted less what full power until the declared departure gives, with this battery's own taper.
        """
        booked = np.zeros(self.vehicles.count)
        # a stay is known by its plug-in time: a car may leave and return between two steps
        new = rows[self._stay_since_s[rows] != declared.plugged_since_s[rows]]
        if new.size:
            booked[new] = self._beyond_reach_kwh(new, declared.soc_wanted[new],
                                                 declared.declared_departure_s[new] - now_s)
            self._infeasible_kwh[new] = booked[new]
            self._stay_since_s[new] = declared.plugged_since_s[new]
        return booked

    def _beyond_reach_kwh(self, rows: Ints, soc_wanted: Floats, stay_s: Floats | Ints) -> Floats:
        """[N] what is wanted beyond what full power gives in stay_s."""
        wanted_kwh = soc_wanted * self._batteries.capacity_kwh[rows]
        best = exchange_by_kind(
            self._batteries.rows(rows), self._charger_kind[rows], self.energy_kwh[rows],
            self._batteries.p_charge_max_kw[rows], np.maximum(stay_s, 0) / SECONDS_PER_HOUR,
            self._batteries.max_kwh[rows], self.parameters.curves)
        return np.asarray(np.maximum(wanted_kwh - self.energy_kwh[rows] - best.stored_kwh, 0.0))

    def _stay(self, orders: _Orders, declared: DeclaredTable, free: _Free, ledger: _Ledger) -> None:
        bus = declared.bus_index[orders.rows]
        # told cars may go up to the battery's ceiling, cars on their own stop at what their drivers want
        told = np.flatnonzero(orders.follow_h > 0)
        rows = orders.rows[told]
        if told.size:
            self._exchange(rows, bus[told], orders.setpoint_kw[told], orders.follow_h[told],
                           self._batteries.max_kwh[rows], ledger, is_told=True)
        own = np.flatnonzero(orders.follow_h < orders.stay_h)
        if own.size:
            self._act_freely(orders.rows[own], bus[own], (orders.stay_h - orders.follow_h)[own],
                             declared.soc_wanted, declared.declared_departure_s, free, ledger)

    def _reactive(self, orders: _Orders, declared: DeclaredTable, asked_kvar: Floats | None, dt_s: int,
                  ledger: _Ledger) -> Floats:
        if asked_kvar is None or not np.any(asked_kvar):
            return np.zeros(self._bus_zone.size)
        rows, hours = orders.rows, dt_s / SECONDS_PER_HOUR
        if self._is_dead is not None:
            asked_kvar = np.where(self._is_dead, 0.0, asked_kvar)
        # power while plugged in, not the step's mean: that is what takes room from the charger's kVA
        p_kw = (ledger.charged_kwh - ledger.discharged_kwh)[rows] / np.maximum(orders.stay_h, ROUNDING_H)
        return reactive_kvar(asked_kvar, declared.bus_index[rows], orders.setpoint_kw, p_kw,
                             self.vehicles.p_discharge_max_kw[rows], orders.is_asked.astype(np.float64),
                             orders.follow_h / hours)

    def _verdict(self, orders: _Orders, declared: DeclaredTable, presence: PresenceTable, now_s: int,
                 dt_s: int, ledger: _Ledger) -> Compliance:
        rows, hours = orders.rows, dt_s / SECONDS_PER_HOUR
        if not orders.is_asked.any():
            return none_instructed(self.vehicles.is_enrolled[rows])
        left_s = declared.declared_departure_s[rows] - now_s
        declared_h = np.where(left_s > 0, np.minimum(left_s / SECONDS_PER_HOUR, hours), hours)
        # A car past its declared departure is asked for as long as it stays.
        declared_h = np.where(left_s > 0, declared_h, orders.stay_h)
        held_h = np.maximum(declared_h, orders.stay_h)
        return compare(
            orders.setpoint_kw * declared_h, orders.setpoint_kw * held_h, ledger.charged_kwh[rows],
            ledger.discharged_kwh[rows], orders.is_asked, self.vehicles.is_enrolled[rows], presence.behaviour[rows],
            orders.stay_h < declared_h - ROUNDING_H, orders.follow_h < orders.stay_h, hours)

    def _departures(self, rows: Ints, declared: DeclaredTable, presence: PresenceTable) -> Floats:
        """Energy [V] missing at departures, beyond what was infeasible when the stay began."""
        short_kwh = np.zeros(self.vehicles.count)
        leaving = rows[presence.departs[rows]]
        short_kwh[leaving] = self._missing_kwh(leaving, declared.soc_wanted[leaving], self._infeasible_kwh[leaving])
        return short_kwh

    def _missing_kwh(self, leaving: Ints, soc_wanted: Floats, infeasible_kwh: Floats) -> Floats:
        """[N] by which these cars' batteries lack what is wanted and was feasible."""
        # what no controller could have delivered was booked when the stay began, and is not held against this one
        missing_kwh = soc_wanted * self.vehicles.capacity_kwh[leaving] - infeasible_kwh - self.energy_kwh[leaving]
        return np.where(missing_kwh > SHORT_KWH, missing_kwh, 0.0)

    def _drive(self, driven_kwh: Floats) -> Floats:
        """Driving [V]; what would fall below soc_min is fast-charged on the way: battery energy [V]."""
        after_kwh = self.energy_kwh - driven_kwh
        # only driving may be helped on the way: a parked battery below its minimum stays there
        fast_kwh = np.where(driven_kwh > 0, np.maximum(self._min_kwh - after_kwh, 0.0), 0.0)
        self.energy_kwh = after_kwh + fast_kwh
        return fast_kwh

    def _arrive(self, presence: PresenceTable, waits: bool, free: _Free, ledger: _Ledger) -> tuple[Floats, Floats]:
        """Let stays begin; what those that also end in this step want in vain, and what they lack as they end [V]."""
        infeasible_kwh, short_kwh = np.zeros(self.vehicles.count), np.zeros(self.vehicles.count)
        rows = np.flatnonzero(presence.arrived_bus_index >= 0)
        is_brief = presence.arrived_departs[rows]
        brief = rows[is_brief]
        if brief.size:
            begin_s = free.now_s + (1.0 - presence.arrived_fraction[brief]) * free.dt_s
            infeasible_kwh[brief] = self._beyond_reach_kwh(brief, presence.arrived_soc_wanted[brief],
                                                           presence.arrived_departure_s[brief] - begin_s)
        if waits:
            # cars that will follow wait for their first instruction; nothing could stop the others, and none comes
            # before the brief ones have gone
            follow = self.vehicles.is_enrolled[rows] & follows(presence.arrived_behaviour[rows])
            rows = rows[is_brief | ~follow]
        if rows.size:
            hours = presence.arrived_stay_fraction[rows] * (free.dt_s / SECONDS_PER_HOUR)
            self._act_freely(rows, presence.arrived_bus_index[rows], hours, presence.arrived_soc_wanted,
                             presence.arrived_departure_s, free, ledger)
        if brief.size:
            short_kwh[brief] = self._missing_kwh(brief, presence.arrived_soc_wanted[brief], infeasible_kwh[brief])
        return infeasible_kwh, short_kwh

    # ------------------------------------------------------------ power
    def _act_freely(self, rows: Ints, bus: Ints, hours: Floats, soc_wanted: Floats, departure_s: Ints,
                    free: _Free, ledger: _Ledger) -> None:
        """Cars on their own: full power at once up to what is wanted, unless prices say otherwise."""
        power_kw, aim_soc = self._batteries.p_charge_max_kw[rows], soc_wanted[rows]
        if free.behaviour == "price_response":
            wish_kw = price_response(
                self.vehicles, self.soc, departure_s, free.now_s, free.dt_s, free.price_charge,
                free.price_discharge, self._wear_usd_per_kwh, self._price_quantile, self._response)[rows]
            # A wish to charge is a wish to have what is wanted: full power, ended by the ceiling.
            power_kw = np.where(wish_kw > 0, power_kw, wish_kw)
            fills = fills_up(float(free.price_charge[0]), self._price_quantile[rows], self._response)
            aim_soc = np.where(fills, np.maximum(self.vehicles.soc_max[rows], aim_soc), aim_soc)
        ceiling_kwh = np.minimum(aim_soc * self._batteries.capacity_kwh[rows], self._batteries.max_kwh[rows])
        # most of a night's plugged cars are full: nothing moves in them
        moves = np.flatnonzero((power_kw < 0) | ((power_kw > 0) & (self.energy_kwh[rows] < ceiling_kwh)))
        if moves.size:
            self._exchange(rows[moves], bus[moves], power_kw[moves], hours[moves], ceiling_kwh[moves], ledger,
                           is_told=False)

    def _exchange(self, rows: Ints, bus: Ints, power_kw: Floats, hours: Floats, ceiling_kwh: Floats,
                  ledger: _Ledger, is_told: bool) -> None:
        if self._is_dead is not None:
            live = np.flatnonzero(~self._is_dead[bus])
            if not live.size:
                return
            rows, bus = rows[live], bus[live]
            power_kw, hours, ceiling_kwh = power_kw[live], hours[live], ceiling_kwh[live]
        done = exchange_by_kind(self._batteries.rows(rows), self._charger_kind[rows], self.energy_kwh[rows], power_kw,
                                hours, ceiling_kwh, self.parameters.curves)
        self.energy_kwh[rows] += done.stored_kwh - done.drawn_kwh
        # a car's group is that of the zone in which it stands now
        group = self._group_in_zone[self._bus_zone[bus], rows]
        ledger.book(rows, group, bus, done, self._wear_usd_per_kwh[rows], self._is_behind[rows])
        if is_told:
            ledger.mismatch_kwh += float(done.mismatch_kwh.sum())

    def _report(self, free: _Free, ledger: _Ledger, rows: Ints, verdict: Compliance, infeasible_kwh: Floats,
                short_kwh: Floats, fast_kwh: Floats, driven_kwh: Floats, q_bus_kvar: Floats,
                soc_arrived: Floats) -> FleetStep:
        hours, p = free.dt_s / SECONDS_PER_HOUR, self.parameters
        # prices are hourly and no step crosses an hour
        price_in, price_out = float(free.price_charge[0]), float(free.price_discharge[0])
        fast_grid_kwh = fast_kwh / p.fast_charge_eta
        behaviour = np.full(self.vehicles.count, COMPLIED, dtype=np.int64)
        behaviour[rows] = verdict.behaviour
        in_charger_kwh = ledger.charged_kwh - ledger.stored_kwh + ledger.drawn_kwh - ledger.discharged_kwh
        return FleetStep(
            soc=self.soc, soc_arrived=soc_arrived, p_kw=(ledger.charged_kwh - ledger.discharged_kwh) / hours,
            behaviour=behaviour,
            charged_kwh=ledger.charged_kwh, discharged_kwh=ledger.discharged_kwh,
            stored_kwh=ledger.stored_kwh, drawn_kwh=ledger.drawn_kwh, driven_kwh=driven_kwh,
            fast_charged_kwh=fast_grid_kwh, fast_charged_usd=fast_grid_kwh * p.fast_charge_usd_per_kwh,
            lost_kwh=in_charger_kwh + fast_grid_kwh - fast_kwh,
            tariff_usd=ledger.charged_kwh * price_in - ledger.discharged_kwh * price_out,
            wear_usd=ledger.drawn_kwh * self._wear_usd_per_kwh,
            departure_short_kwh=short_kwh, infeasible_request_kwh=infeasible_kwh,
            p_bus_kw=ledger.bus_kwh / hours, p_slow_bus_kw=ledger.slow_bus_kwh / hours, q_bus_kvar=q_bus_kvar,
            discharge_bus_kw=ledger.bus_discharged_kwh / hours,
            charge_group_kw=ledger.group_charged_kwh / hours,
            discharge_group_kw=ledger.group_discharged_kwh / hours,
            tariff_group_usd=ledger.group_charged_kwh * price_in - ledger.group_discharged_kwh * price_out,
            wear_group_usd=ledger.group_wear_usd,
            by_behaviour=verdict.by_behaviour, instructed_count=verdict.instructed_count,
            complied_count=verdict.complied_count,
            instructed_up_kwh=verdict.instructed_up_kwh, delivered_up_kwh=verdict.delivered_up_kwh,
            instructed_down_kwh=verdict.instructed_down_kwh, delivered_down_kwh=verdict.delivered_down_kwh,
            departures_short=int(np.count_nonzero(short_kwh)), model_mismatch_kwh=ledger.mismatch_kwh,
            energy_kwh=float(self.energy_kwh.sum()),
        )
