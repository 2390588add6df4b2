"""Profiles as a simulator: load, wind, PV, prices, bus loads, and their forecasts."""

from __future__ import annotations

import numpy as np

from models.records.arrays import SECONDS_PER_HOUR, Floats
from testbed.peers.told import TOLD, Told, along, told_as
from testbed.setup.districts import District, build_districts
from testbed.setup.forecasts import build_forecaster
from testbed.setup.given_controllers import knows_truth
from testbed.setup.prices import build_tariff
from testbed.setup.profiles import build_profiles
from testbed.simulators.adapter import SYSTEM, Adapter, Inputs, Values
from testbed.wiring.crossings import BusLoad, BusLoadForecast, Forecast, Prices
from testbed.wiring.run_spec import RunSpec


class ProfilesSimulator(Adapter):
    """One `system` entity and one per district (loads of its buses)."""

    simulator = "profiles"

    def build(self, spec: RunSpec) -> None:
        self.profiles = build_profiles(spec.scenario)
        self.hears_truth = knows_truth(spec)
        self.forecaster = build_forecaster(spec.scenario, spec.seed, self.hears_truth)
        self.tariff = build_tariff(spec.scenario, spec.seed)
        self.districts = build_districts(spec)
        self.forecast: Forecast | None = None
        self.planned_on: tuple[int, Forecast] | None = None
        """When the plan in force was made, and by which forecast."""
        self.bus_forecasts: dict[str, BusLoadForecast] = {}

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        if self.forecast is None or self.spec.is_plan_time(now_s) or self.spec.is_redispatch_time(now_s):
            self.forecast = self._system_forecast(now_s)
        if self.planned_on is None or self.spec.is_plan_time(now_s):
            self.planned_on = now_s, self.forecast
        if not self.bus_forecasts or self.spec.is_decision_time(now_s):
            self.bus_forecasts = self._bus_forecasts(now_s)
        system = self._system(now_s) | told_profiles(inputs.get(SYSTEM, {}).get(TOLD, {}))
        _refuse_impossible(system)
        shape_now = np.array([system["load_mw"] / self.profiles.load_peak_mw])
        edges_s = np.array([now_s, now_s + self.spec.step_s], dtype=np.float64)
        present = {name: bus_load(d, edges_s, shape_now) for name, d in self.districts.items()}
        return {SYSTEM: system,
                **{name: {"bus_load": told_loads(
                              BusLoad(load.p_kw[:, 0], load.q_kvar[:, 0], load.generation_kw[:, 0]),
                              inputs.get(name, {}).get(TOLD, {})),
                          "bus_load_forecast": self.bus_forecasts[name]} for name, load in present.items()}}

    def _system(self, now_s: int) -> Values:
        actual = self.profiles.means(now_s, self.spec.step_s)
        hours = self.spec.horizon_h
        charge_now, discharge_now = self.tariff.paid_usd_per_kwh(now_s, self.spec.step_s)
        return {
            "load_mw": float(actual.load_mw[0]), "wind_available_mw": float(actual.wind_mw[0]),
            "pv_available_mw": float(actual.pv_mw[0]), "forecast": self.forecast,
            "must_take_mw": float(actual.must_take_mw[0]),
            "prices": Prices(charge_now, discharge_now, *self._known_prices(now_s, hours)),
            "price_charge_usd_per_kwh": charge_now, "price_discharge_usd_per_kwh": discharge_now,
            **self._planned_on(now_s),
        }

    def _planned_on(self, now_s: int) -> dict[str, float]:
        """What the forecast behind the plan in force says of this step; NaN before there is a plan that reaches it."""
        assert self.planned_on is not None
        made_s, forecast = self.planned_on
        step = (now_s - made_s) // self.spec.step_s
        return {f"{series}_forecast_mw": float(values[step]) if step < values.size else float("nan")
                for series, values in (("load", forecast.load_step_mw), ("wind", forecast.wind_step_mw),
                                       ("pv", forecast.pv_step_mw))}

    def _known_prices(self, now_s: int, hours: int) -> tuple[Floats, Floats]:
        """(charging, discharging) of the hours from now on: as known now, or the truth for who is told it."""
        if self.hears_truth:
            return self.tariff.charge_usd_per_kwh(now_s, hours), self.tariff.discharge_usd_per_kwh(now_s, hours)
        return self.tariff.known_usd_per_kwh(now_s, hours)

    def _system_forecast(self, now_s: int) -> Forecast:
        hours, step_s = self.spec.horizon_h, self.spec.step_s
        ahead, steps = self.forecaster.hourly(now_s, hours), self.forecaster.by_step(now_s, hours, step_s)
        return Forecast(
            load_mw=ahead.load_mw, wind_mw=ahead.wind_mw, pv_mw=ahead.pv_mw, must_take_mw=ahead.must_take_mw,
            load_step_mw=steps.load_mw, wind_step_mw=steps.wind_mw, pv_step_mw=steps.pv_mw)

    def _bus_forecasts(self, now_s: int) -> dict[str, BusLoadForecast]:
        """For the steps of this hour, then for the hours of the lower layer's look-ahead."""
        step_s, later_h = self.spec.step_s, self.spec.scenario.spatial.look_ahead_h - 1
        steps = np.arange(0, SECONDS_PER_HOUR, step_s)
        edges_s = now_s + np.concatenate([steps, SECONDS_PER_HOUR * (1.0 + np.arange(later_h + 1))])
        shape = self.forecaster.load_shape(now_s, step_s, later_h)
        factors = self.forecaster.series_factors(now_s, step_s, later_h)
        return {name: bus_load(district, edges_s, shape, factors) for name, district in self.districts.items()}


def told_profiles(told: Told) -> Values:
    """What other simulators say of load, wind and sun, by the names that these have here."""
    return {name: told[told_as(name)] for name in ("load_mw", "wind_available_mw", "pv_available_mw", "must_take_mw")
            if told_as(name) in told}


def told_loads(load: BusLoad, told: Told) -> BusLoad:
    """The load of each bus, where other simulators say it as they do."""
    p_kw, q_kvar = (along(told, own.size, name) if told_as(name, 0) in told else own
                    for name, own in (("load_bus_kw", load.p_kw), ("load_bus_kvar", load.q_kvar)))
    return BusLoad(p_kw, q_kvar, load.generation_kw)


def _refuse_impossible(system: Values) -> None:
    """ValueError for load, wind or sun below 0, or more that must be taken than there is."""
    names = ("load_mw", "wind_available_mw", "pv_available_mw", "must_take_mw")
    if below := [f"{name}={system[name]:g}" for name in names if system[name] < 0]:
        raise ValueError(f"{', '.join(below)}: allowed is 0 or more")
    there = system["wind_available_mw"] + system["pv_available_mw"]
    if system["must_take_mw"] > there + 1e-9:
        raise ValueError(f"must_take_mw={system['must_take_mw']:g}: allowed is at most wind and sun, {there:g}")


def bus_load(district: District, edges_s: Floats, shape: Floats, factors: Floats | None = None) -> BusLoadForecast:
    """Powers [B, N] without cars between instants [N + 1]; 0 without a network.

    shape [N]: the system's load over its peak; factors [3, N]: by which series are missed.
    """
    if district.loads is None:
        nothing = np.zeros((district.site.bus_count, shape.size))
        return BusLoadForecast(nothing, nothing.copy(), np.zeros((0, shape.size)))
    p_kw, q_kvar = district.loads.drawn(edges_s, shape, factors)
    return BusLoadForecast(p_kw, q_kvar, district.loads.generation_kw(edges_s, factors))
