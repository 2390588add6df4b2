"""What drivers are willing to do: plugging in, complying, and their answer to prices.

All willingness is drawn beforehand per (vehicle, stay), is the same for every controller, and is coupled:
raising `compliance_mean` with the same seed only turns some who do not comply into some who do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from models.drivers.behaviours import COMPLIED, IGNORES, NOT_ENROLLED, REFUSALS, plugs_in, usual_weights
from models.drivers.plug_in_habit import ALWAYS_SOC, NEVER_SOC, SMALLEST_CHANCE, PlugInHabit
from models.drivers.population import class_key, day_stream, own_plug_in_soc, stream
from models.records.arrays import SECONDS_PER_HOUR, Bools, Floats, Ints, RecordError
from models.records.vehicles import TRIPS_PER_DAY, Vehicles

SECONDS_PER_DAY, HOURS_PER_DAY, MISSTATED_DAYS = 86_400, 24, 3
STAYS_PER_DAY = TRIPS_PER_DAY + 1
"""Column 0: the stay with which the simulation begins; column k+1: the stay after trip k of the day."""
CNY_PER_USD = 7.0
"""(A)"""


@dataclass(frozen=True)
class DriverParameters:
    """Willingness of a district's drivers (docs/model.md 6.1)."""

    plug_in_probability: float = 1.0
    """Per stay; taxis always plug in at their charging stops (A)."""
    habit: PlugInHabit | None = None
    """Private cars plug in at home alone, by what they hold; None: wherever they park, whatever they hold."""
    compliance_mean: float = 0.95
    compliance_concentration: float = 20.0
    """alpha + beta of the Beta distribution of p_i (A)."""
    zone_shock_rho: float = 0.0
    """Correlation of any two cars' compliance in one zone and day."""
    zone_outages_per_day: float = 0.0
    """Expected outages per zone and day; an outage cuts off all cars of the zone for that day."""
    guidance_acceptance: float = 0.95
    modes: Mapping[str, float] = field(default_factory=usual_weights)
    """Weight of each way of refusing, by name (A); 0 where none is given."""
    declaration_error_h: float = 0.0
    """Standard deviation of declared less intended departures, hours."""
    private_stays_per_day: int = 4
    """Stays of a private car and day that have draws of their own: one more than its trips."""
    stays_per_day: tuple[int, ...] = ()
    """The same by class, where a scenario has classes of its own."""

    def __post_init__(self) -> None:
        shares = ("plug_in_probability", "compliance_mean", "zone_shock_rho", "guidance_acceptance")
        problems = [f"{name}={getattr(self, name):g} is outside 0..1" for name in shares
                    if not 0 <= getattr(self, name) <= 1]
        problems += [f"{name}={getattr(self, name):g} is below 0"
                     for name in ("zone_outages_per_day", "declaration_error_h") if getattr(self, name) < 0]
        if self.compliance_concentration <= 0:
            problems.append(f"compliance_concentration={self.compliance_concentration:g} is not above 0")
        names = [refusal.name for refusal in REFUSALS]
        problems += [f"modes.{name} is unknown, allowed: {', '.join(names)}" for name in self.modes
                     if name not in names]
        if min(self.modes.values(), default=0) < 0 or sum(self.modes.values()) <= 0:
            problems.append(f"modes={dict(self.modes)} must be >= 0 with a positive sum")
        if problems:
            raise RecordError("drivers: " + "; ".join(problems))

    @property
    def zone_out_probability(self) -> float:
        """Per zone and day: at least one outage, as they come independently of each other (Poisson)."""
        return 1.0 - float(np.exp(-self.zone_outages_per_day))


@dataclass(frozen=True)
class StayDraws:
    """Willingness for the stays of one day, arrays [V, STAYS_PER_DAY]."""

    behaviour: Ints
    """Codes of BEHAVIOURS."""
    plug_in_soc: Floats
    """Highest state of charge with which the driver plugs in; ALWAYS_SOC and NEVER_SOC where it does not matter."""
    instant: Floats
    """0..1: where in the stay the driver overrides, leaves early or plugs in late."""
    bus_choice: Floats
    """0..1: which of the free ports a driver without guidance takes."""
    accepts_guidance: Bools


class Drivers:
    """The drivers of a district's vehicles."""

    def __init__(self, vehicles: Vehicles, seed: np.random.SeedSequence,
                 parameters: DriverParameters | None = None) -> None:
        self.parameters = parameters or DriverParameters()
        self._groups, self._class_index = vehicles.groups, vehicles.class_index
        self._is_enrolled, self._seed = vehicles.is_enrolled, seed
        self._in_shifts = self._groups.in_shifts[self._class_index][:, None]
        person = np.empty((vehicles.count, 2))
        for index, rows in self._rows_of_classes():
            person[rows] = stream(seed, "person", class_key(index)).random((rows.size, 2))
        self.p_complies = compliance_probability(person[:, 0], self.parameters.compliance_mean,
                                                 self.parameters.compliance_concentration)
        """[V] probability of each vehicle to comply in a stay."""
        self.price_quantile = person[:, 1]
        """[V] a driver answers prices when this is below the responsive share."""
        self._misstated: dict[int, Floats] = {}
        if self.parameters.habit is not None:
            self._own_soc, self._soc_min = np.zeros(vehicles.count), vehicles.soc_min
            for index, rows in self._rows_of_classes():
                self._own_soc[rows] = own_plug_in_soc(self.parameters.habit, rows.size, seed, index)

    def _rows_of_classes(self) -> Iterator[tuple[int, Ints]]:
        """Each class and its cars."""
        for index in range(self._groups.class_count):
            yield index, np.flatnonzero(self._class_index == index)

    def day(self, day: int, zone: Ints) -> StayDraws:
        """Willingness for the stays of one day; zone [V, STAYS_PER_DAY] is where each stay is (-1 unused)."""
        p = self.parameters
        u = self._uniforms(day)
        behaviour = self._behaviours(day, zone, u)
        return StayDraws(
            behaviour=behaviour,
            plug_in_soc=np.where(plugs_in(behaviour) & ((u[3] < p.plug_in_probability) | self._in_shifts),
                                 self._limits(zone, u[3]), NEVER_SOC),
            instant=u[4],
            bus_choice=u[5],
            accepts_guidance=(u[6] < p.guidance_acceptance) & self._is_enrolled[:, None],
        )

    def _limits(self, zone: Ints, u: Floats) -> Floats:
        """[V, STAYS_PER_DAY] highest charge at which drivers plug in; never where u is above plug_in_probability."""
        limit = np.full(u.shape, ALWAYS_SOC)
        habit, rows = self.parameters.habit, np.flatnonzero(self._groups.has_habit[self._class_index])
        if habit is not None:
            uniform = np.minimum(u[rows] / max(self.parameters.plug_in_probability, SMALLEST_CHANCE), 1.0)
            at_home = habit.stay_limits(self._own_soc[rows], uniform, self._soc_min[rows])
            home = self._groups.home_zone[self._class_index[rows]][:, None]
            limit[rows] = np.where(zone[rows] == home, at_home, NEVER_SOC)
        return limit

    def declaration_error_s(self, vehicle: Ints, departure_s: Ints) -> Ints:
        """[n] seconds by which these vehicles misstate the departures that they intend, by day and hour of these.

        Normally distributed; the same under every controller, since intended departures are wishes.
        """
        error_s = np.zeros(vehicle.size, dtype=np.int64)
        if self.parameters.declaration_error_h == 0:
            return error_s
        day, hour = departure_s // SECONDS_PER_DAY, departure_s % SECONDS_PER_DAY // SECONDS_PER_HOUR
        for that_day in np.unique(day):
            at = np.flatnonzero(day == that_day)
            error_s[at] = SECONDS_PER_HOUR * self._misstated_h(int(that_day))[vehicle[at], hour[at]]
        return error_s

    def _misstated_h(self, day: int) -> Floats:
        """[V, 24] hours; the last days asked for are kept."""
        if day not in self._misstated:
            error_h = np.empty((self._class_index.size, HOURS_PER_DAY))
            for index, rows in self._rows_of_classes():
                drawn = day_stream(self._seed, "declaration", class_key(index), day)
                error_h[rows] = drawn.standard_normal((rows.size, HOURS_PER_DAY))
            kept = list(self._misstated.items())[-MISSTATED_DAYS:]
            self._misstated = dict(kept) | {day: self.parameters.declaration_error_h * error_h}
        return self._misstated[day]

    def zones_out(self, day: int) -> Bools:
        """[Z] zones whose cars cannot be reached on that day, even if they plugged in before it."""
        return np.asarray(self._shocks(day)[:, 1] < self.parameters.zone_out_probability)

    def _shocks(self, day: int) -> Floats:
        """[Z, 2] uniform: compliance and outage of each zone."""
        zones = range(self._groups.zone_count)
        return np.array([day_stream(self._seed, "zone_shock", z, day).random(2) for z in zones])

    def _uniforms(self, day: int) -> Floats:
        """[7, V, STAYS_PER_DAY]: complies, shock, behaviour, plugs in, instant, bus, guidance."""
        u = np.ones((7, self._class_index.size, STAYS_PER_DAY))
        widths = self.parameters.stays_per_day or (self.parameters.private_stays_per_day, *STAYS_OF_CLASS[1:])
        for index, rows in self._rows_of_classes():
            width = widths[index]
            drawn = day_stream(self._seed, "stays", class_key(index), day).random((rows.size, 7, width))
            u[:, rows, :width] = drawn.transpose(1, 0, 2)
        return u

    def _behaviours(self, day: int, zone: Ints, u: Floats) -> Ints:
        p = self.parameters
        shock = self._shocks(day)
        complies = complies_in_stay(u[0], self.p_complies[:, None], u[1], shock[zone, 0], p)
        weights = np.cumsum([p.modes.get(refusal.name, 0.0) for refusal in REFUSALS])
        place = np.searchsorted(weights / weights[-1], u[2], side="right")
        drawn = np.array([refusal.code for refusal in REFUSALS])[np.minimum(place, len(REFUSALS) - 1)]
        # A taxi depends on charging: one that would not plug in plugs in and ignores its instructions instead.
        drawn = np.where(self._in_shifts & ~plugs_in(drawn), IGNORES, drawn)
        return np.where(self._is_enrolled[:, None], np.where(complies, COMPLIED, drawn), NOT_ENROLLED)


STAYS_OF_CLASS: tuple[int, ...] = (4, 9, 5)
"""Columns really used by private cars, taxis and government cars: one more than their trips a day."""


def compliance_probability(quantile: Floats, mean: float, concentration: float) -> Floats:
    """p_i ~ Beta with the given mean and alpha + beta = concentration, at quantile [V]; 0 and 1 are exact.

    For a fixed quantile p_i never falls when the mean rises (the distributions are ordered).
    """
    if mean <= 0 or mean >= 1:
        return np.full(quantile.shape, float(mean))
    from scipy.special import betaincinv  # noqa: PLC0415 - takes an eighth of a second, needed where drivers are drawn

    values = betaincinv(concentration * mean, concentration * (1 - mean), quantile)
    return np.asarray(values, dtype=np.float64)


def complies_in_stay(own: Floats, p_complies: Floats, follows: Floats, shock: Floats,
                     parameters: DriverParameters) -> Bools:
    """Whether each stay complies; all arrays broadcast together, uniform numbers except p_complies.

    With probability sqrt(rho) a driver follows the common shock of zone and day (all such comply with
    probability mu), else decides alone with probability p_i. Two cars then have correlation rho exactly, and
    the share among N cars has sd = sqrt(mu (1-mu) (1 + (N-1) rho) / N) (docs/model.md 6.2).
    """
    p = parameters
    return np.where(follows < np.sqrt(p.zone_shock_rho), shock < p.compliance_mean, own < p_complies)


# ---------------------------------------------------------------- what a free car does
ALIKE_USD_PER_KWH = 1e-9
"""Prices that differ by less are one: means of hours are rounded, and nobody waits for the last digit."""


@dataclass(frozen=True)
class PriceResponse:
    """How free drivers answer prices: dead zone and saturation on the spread, or a logit (A)."""

    model: Literal["dead_zone", "logit"] = "dead_zone"
    dead_zone_usd_per_kwh: float = 0.10 / CNY_PER_USD
    saturation_usd_per_kwh: float = 0.60 / CNY_PER_USD

    def share(self, spread_usd_per_kwh: Floats) -> Floats:
        """Responsive share 0..1 at each spread [$/kWh] net of wear: clip((spread - dead)/(sat - dead), 0, 1).

        The logit has the same middle and the same slope there.
        """
        width = self.saturation_usd_per_kwh - self.dead_zone_usd_per_kwh
        linear = (spread_usd_per_kwh - self.dead_zone_usd_per_kwh) / width
        if self.model == "logit":
            return np.asarray(1 / (1 + np.exp(np.clip(-4 * (linear - 0.5), -500, 500))), dtype=np.float64)
        return np.asarray(np.clip(linear, 0, 1), dtype=np.float64)


def on_arrival(vehicles: Vehicles, soc: Floats, step_s: int) -> Floats:
    """Desired power [V] in kW of cars that charge at once: full power, the last step just to soc_wanted.

    soc [V] as the step begins. Whether a car is plugged in, and its taper, are the fleet's business.
    """
    return _up_to_kw(vehicles, soc, vehicles.soc_wanted, step_s)


def _up_to_kw(vehicles: Vehicles, soc: Floats, aim_soc: Floats, step_s: int) -> Floats:
    need_kwh = np.maximum(aim_soc - soc, 0.0) * vehicles.capacity_kwh
    just_enough_kw = need_kwh / vehicles.eta_charge * (SECONDS_PER_HOUR / step_s)
    return np.asarray(np.minimum(vehicles.p_charge_max_kw, just_enough_kw), dtype=np.float64)


def fills_up(price_charge_usd_per_kwh: float, price_quantile: Floats, response: PriceResponse) -> Bools:
    """[V] who takes all that the battery holds, as charging is paid for beyond the dead zone."""
    paid = max(-price_charge_usd_per_kwh, 0.0)
    return np.asarray((paid > 0) & (price_quantile < response.share(np.full(price_quantile.size, paid))))


def price_response(
    vehicles: Vehicles,
    soc: Floats,
    departure_s: Ints,
    now_s: int,
    step_s: int,
    price_charge_usd_per_kwh: Floats,
    price_discharge_usd_per_kwh: Floats,
    wear_usd_per_kwh: Floats,
    price_quantile: Floats,
    response: PriceResponse | None = None,
) -> Floats:
    """Desired power [V] in kW of free cars that answer prices; positive = charging.

    Prices [H] are hourly from the hour that holds now_s; soc, declared departure_s, wear (per kWh out of the
    battery) and price_quantile are [V]. A responsive car (price_quantile below the responsive share) charges
    only if the cheaper hours before its departure do not suffice to reach its wanted SOC, or all that its battery
    holds where charging is paid for, and discharges in the dearest hour if that pays beyond the dead zone. All others
    charge at once.
    """
    response = response or PriceResponse()
    fills = fills_up(float(price_charge_usd_per_kwh[0]), price_quantile, response)
    aim_soc = np.where(fills, np.maximum(vehicles.soc_max, vehicles.soc_wanted), vehicles.soc_wanted)
    charge_kw = _up_to_kw(vehicles, soc, aim_soc, step_s)
    end_h = np.clip((departure_s - now_s + now_s % SECONDS_PER_HOUR) / SECONDS_PER_HOUR,
                    0, price_charge_usd_per_kwh.size)
    last_hour = np.maximum(np.ceil(end_h).astype(np.int64) - 1, 0)
    cheapest = np.minimum.accumulate(price_charge_usd_per_kwh)[last_hour]
    dearest = np.maximum.accumulate(price_charge_usd_per_kwh)[last_hour]
    # who waits must be able to: the cheaper hours left must hold what the battery needs
    waits = ((price_quantile < response.share(dearest - cheapest))
             & (_hours_needed(vehicles, soc, aim_soc) <= _cheaper_hours(price_charge_usd_per_kwh, end_h)))
    price_now = price_discharge_usd_per_kwh[0]
    spread = discharge_spread_usd_per_kwh(price_now, cheapest, wear_usd_per_kwh, vehicles)
    # as dear as any hour to come: of equal ones the present is taken
    is_dearest = price_now >= np.maximum.accumulate(price_discharge_usd_per_kwh)[last_hour] - ALIKE_USD_PER_KWH
    discharge_kw = _discharge_kw(vehicles, soc, end_h - (now_s % SECONDS_PER_HOUR) / SECONDS_PER_HOUR, step_s)
    discharges = is_dearest & (price_quantile < response.share(spread)) & (discharge_kw > 0)
    return np.where(discharges, -discharge_kw, np.where(waits, 0.0, charge_kw))


def discharge_spread_usd_per_kwh(price_discharge: float | Floats, price_charge: Floats, wear: Floats,
                                 vehicles: Vehicles) -> Floats:
    """Gain per kWh given to the grid: pi_dis - pi_ch / (eta_c eta_d) - wear / eta_d  [V], $/kWh (C).

    `beijing2015` with 0.375 CNY/kWh wear: 0.061 CNY/kWh, inside the dead zone.
    """
    gain = (price_discharge - price_charge / (vehicles.eta_charge * vehicles.eta_discharge)
            - wear / vehicles.eta_discharge)
    return np.asarray(gain, dtype=np.float64)


def _hours_needed(vehicles: Vehicles, soc: Floats, aim_soc: Floats) -> Floats:
    """Hours of full power from soc to aim_soc."""
    need_kwh = np.maximum(aim_soc - soc, 0.0) * vehicles.capacity_kwh
    return np.asarray(need_kwh / (vehicles.eta_charge * vehicles.p_charge_max_kw), dtype=np.float64)


def _cheaper_hours(price: Floats, end_h: Floats) -> Floats:
    """Hours before end_h [V] (from the present hour's start) that are cheaper than the present one."""
    cheaper = np.concatenate([[0.0], np.cumsum(price < price[0] - ALIKE_USD_PER_KWH)])
    return np.asarray(np.interp(end_h, np.arange(price.size + 1), cheaper), dtype=np.float64)


def _discharge_kw(vehicles: Vehicles, soc: Floats, left_h: Floats, step_s: int) -> Floats:
    """Power a car can give for a step, down to its V2G floor, and still reach its wanted SOC in left_h."""
    step_h = step_s / SECONDS_PER_HOUR
    above_kwh = np.maximum(soc - vehicles.soc_floor_v2g, 0.0) * vehicles.capacity_kwh
    power_kw = np.minimum(vehicles.p_discharge_max_kw, above_kwh * vehicles.eta_discharge / step_h)
    soc_after = soc - power_kw * step_h / vehicles.eta_discharge / vehicles.capacity_kwh
    return np.where(_hours_needed(vehicles, soc_after, vehicles.soc_wanted) <= left_h - step_h, power_kw, 0.0)
