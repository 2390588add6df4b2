"""Upper layer as a simulator: plans at plan times, speaks the hour's commitment and targets at every step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from controllers.port import BY_STEP, SAFE_FORM, Plan, PlanError, SystemView
from controllers.temporal.hourly_cost import hourly_objective_usd
from controllers.temporal.receding import hours_left
from controllers.temporal.unit_commitment.checking.possible import why_impossible
from models.records.arrays import Floats, Ints
from models.records.flexibility import CohortFlexibility
from testbed.setup.knowledge import feeder_offers, temporal_knowledge
from testbed.setup.sealing import sealed
from testbed.simulators.adapter import SYSTEM, Adapter, Inputs, Values
from testbed.simulators.asking import Answer, Asked, own_copy
from testbed.simulators.driver_learning import DriverLearning
from testbed.simulators.plans import redispatch_of, temporal_layer
from testbed.wiring.crossings import Commitment, Forecast, PriceForecast, Prices, ReserveTerms, Targets, UnitsState
from testbed.wiring.run_spec import RunSpec


class TemporalSimulator(Adapter):
    """One `system` entity (commitment, prices) and one per district (targets)."""

    simulator = "temporal"

    def build(self, spec: RunSpec) -> None:
        self.asked = Asked(spec)
        self.knowledge = replace(temporal_knowledge(spec.scenario), offers=feeder_offers(spec))
        # a replayed plan is judged and found again as any other
        if self.asked.controller.promises_safely and spec.plan is None:
            self.knowledge = replace(self.knowledge, reserve_rule=SAFE_FORM[self.knowledge.reserve_rule])
        self.layer = temporal_layer(spec, self.asked, self.knowledge)
        self.learning = DriverLearning(spec, self.knowledge)
        place = f"--plan {spec.plan}" if spec.plan else self.asked.place("plan()", self.layer.plan)
        self.answer = Answer(spec, SYSTEM, place, Plan)
        self.delivery_quantile: Floats = np.zeros(0)
        self.promised_s = 0
        self.promised_by: dict[str, float] = {}
        self.plan: Plan | None = None
        self.planned: Plan | None = None
        """As it was made, before any re-dispatch."""
        self.targets: dict[str, Targets | None] = {}
        self.targets_of: Plan | None = None
        self.redispatch = redispatch_of(spec, self.knowledge)
        self.hourly_usd = np.full(spec.horizon_h, np.nan)
        self.redispatch_failed = 0.0
        self.solver_s = 0.0
        self.compile_s = 0.0

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        self.redispatch_failed = 0.0
        self.learning.observe(now_s, inputs)
        if self.spec.is_plan_time(now_s):
            view = self.view(now_s, inputs)
            plan = self._next_plan(view)
            self._set_plan(plan)
            self._promise(view)
            self.hourly_usd = hourly_objective_usd(self.knowledge, view, plan)
        elif self.plan is not None and self.spec.is_redispatch_time(now_s):
            self._redispatch(self.plan, self.view(now_s, inputs))
        learned = self.learning.spoken(now_s)
        return {SYSTEM: self._system_values(now_s),
                **{name: {"targets": targets, "learned_compliance": learned[name]}
                   for name, targets in self._targets().items()}}

    def _next_plan(self, view: SystemView) -> Plan:
        """The layer's answer, if it is one and can be; a stored plan was judged in the run that made it."""
        if self.spec.plan is not None:
            plan = self.layer.plan(view)
            self.answer.check(plan)
            return plan
        plan = self.asked.call("plan()", self.layer.plan, sealed(view))
        self.answer.check(plan)
        self.answer.refuse(why_impossible(self.knowledge, view, plan, self.asked.controller.car_control))
        return own_copy(plan)

    def view(self, now_s: int, inputs: Inputs) -> SystemView:
        """What the operator sees now."""
        system = inputs[SYSTEM]
        forecast: Forecast = system["forecast"]
        prices: Prices = system["prices"]
        state: UnitsState = system["units_state"]
        districts: tuple[CohortFlexibility, ...] = tuple(
            inputs[name]["cohort_flexibility"] for name in self.knowledge.district_names)
        return SystemView(
            time_s=now_s, load_mw=forecast.load_mw, wind_mw=forecast.wind_mw, pv_mw=forecast.pv_mw,
            price_charge_usd_per_kwh=prices.charge_usd_per_kwh,
            price_discharge_usd_per_kwh=prices.discharge_usd_per_kwh,
            districts=districts, hours_on=state.hours_on, p_mw=state.p_mw,
            delivery_quantile=self.learning.delivery_quantile(districts), last_committed=self._last_committed(now_s),
            # an empty one asks for nothing
            renewable_least_mw=forecast.must_take_mw if forecast.must_take_mw.any() else np.zeros(0),
            **{name: getattr(forecast, name) for name in BY_STEP})

    def _last_committed(self, now_s: int) -> Ints:
        """Where the search for a new plan may begin; nothing where hours are dispatched under the plan in force."""
        if self.plan is None or not self.spec.is_plan_time(now_s):
            return np.zeros((0, 0), dtype=np.int64)
        return self.plan.carried_on(now_s)

    def _redispatch(self, plan: Plan, view: SystemView) -> None:
        """Bring the plan in force up to date; where there is no dispatch it stands, and the result says so."""
        passed = (view.time_s - plan.time_s) // 3600
        try:
            answer = self.redispatch.update(hours_left(view, passed), plan, self.hourly_usd)
        except PlanError:
            self.redispatch_failed = 1.0
            return
        self.plan, self.hourly_usd = answer.plan, answer.hourly_usd
        self._promise(view)
        self.solver_s += answer.solver_s
        self.compile_s += answer.compile_s

    def _set_plan(self, plan: Plan) -> None:
        self.plan = self.planned = plan
        if self.spec.plan is None:  # a replayed plan was solved in another run
            self.solver_s += plan.solver_s
            self.compile_s += plan.compile_s

    def _system_values(self, now_s: int) -> Values:
        return {"commitment": self._commitment(now_s), "marginal_price_forecast": self._price(),
                "plan": self.planned, "expected_objective_usd": float(self.hourly_usd.sum()),
                "redispatch_failed": self.redispatch_failed, **self._reserve_values(now_s)}

    def _reserve_values(self, now_s: int) -> Values:
        """phi of this hour and the compliance behind it, both as when the powers in force were found."""
        phi = float("nan")
        if self.plan is not None and self.delivery_quantile.size:
            phi = float(self.delivery_quantile[(now_s - self.promised_s) // 3600])
        shares = self.promised_by or self.learning.by_district()
        compliance = np.array([shares[name] for name in self.knowledge.district_names])
        return {"reserve_terms": ReserveTerms(phi, compliance),
                "delivery_quantile": phi, "learned_compliance_mean": self.learning.mean()}

    def _promise(self, view: SystemView) -> None:
        """What is expected of drivers by the powers found now: what happens is judged by it."""
        self.delivery_quantile, self.promised_s = view.delivery_quantile, view.time_s
        self.promised_by = dict(self.learning.by_district())

    def _commitment(self, now_s: int) -> Commitment:
        if self.plan is None:
            units = self.knowledge.units.count
            return Commitment(np.zeros(units, dtype=np.int64), np.zeros(units))
        hour = (now_s - self.plan.time_s) // 3600
        return Commitment(self.plan.committed[:, hour], self.plan.p_mw[:, hour])

    def _price(self) -> PriceForecast:
        if self.plan is None:
            return PriceForecast(np.zeros(self.spec.horizon_h))
        return PriceForecast(self.plan.marginal_price_usd_per_mwh)

    def _targets(self) -> dict[str, Targets | None]:
        names, plan = self.knowledge.district_names, self.plan
        if plan is None:
            return dict.fromkeys(names)
        if plan is not self.targets_of:
            self.targets = {name: Targets(plan.time_s, plan.pc_kw[i], plan.pd_kw[i]) for i, name in enumerate(names)}
            self.targets_of = plan
        return self.targets

    def extra_ledger(self) -> Values:
        return {"solver_s": getattr(self, "solver_s", 0.0), "compile_s": getattr(self, "compile_s", 0.0)}

