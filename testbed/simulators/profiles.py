"""Profiles as a simulator: load, wind, PV, prices, bus loads, and their forecasts."""

from __future__ import annotations

import numpy as np

from models.records.arrays import Floats
from models.records.feeder import RadialFeeder
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
        self.bus_forecasts: dict[str, BusLoadForecast] = {}

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        if self.forecast is None or self.spec.is_plan_time(now_s) or self.spec.is_redispatch_time(now_s):
            self.forecast = self._system_forecast(now_s)
        if not self.bus_forecasts or self.spec.is_decision_time(now_s):
            shape = self._shape_ahead(now_s)
            self.bus_forecasts = {name: bus_load(d, shape) for name, d in self.districts.items()}
        shape_now = self.profiles.load_shape(now_s, self.spec.step_s)
        return {SYSTEM: self._system(now_s),
                **{name: self._district(d, shape_now) for name, d in self.districts.items()}}

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
        }

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

    def _shape_ahead(self, now_s: int) -> Floats:
        """Load over peak for the steps of this hour, then for the hours of the lower layer's look-ahead."""
        return self.forecaster.load_shape(now_s, self.spec.step_s, self.spec.scenario.spatial.look_ahead_h - 1)

    def _district(self, district: District, shape_now: Floats) -> Values:
        present = bus_load(district, shape_now)
        return {"bus_load": BusLoad(present.p_kw[:, 0], present.q_kvar[:, 0]),
                "bus_load_forecast": self.bus_forecasts[district.name]}


def bus_load(district: District, shape: Floats) -> BusLoadForecast:
    """Loads [B, N] without cars: each bus's peak times the system's load over its peak; 0 without a network."""
    p_kw, q_kvar = _peaks(district.feeder, district.site.bus_count)
    return BusLoadForecast(np.outer(p_kw, shape), np.outer(q_kvar, shape))


def _peaks(feeder: RadialFeeder | None, buses: int) -> tuple[Floats, Floats]:
    return (np.zeros(buses), np.zeros(buses)) if feeder is None else (feeder.p_base_kw, feeder.q_base_kvar)
