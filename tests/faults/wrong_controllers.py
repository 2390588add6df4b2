"""Controllers that do something wrong, each in the line marked with `here`; all else is `Plain`."""

import sys
import time
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from controllers.spatial.pro_rata import ProRata
from tests.testbed.plain_controller import AllUnitsOn, Plain


class Wrong(Plain):
    """Plain, with `plan` and `step` made of what its layers answer: function(what it was asked, its answer)."""

    name = "wrong"

    def __init__(self, plan=None, step=None, **fields):
        self.change_plan, self.change_step = plan, step
        vars(self).update(fields)

    def temporal(self, knowledge):
        return WrongAbove(knowledge, self.change_plan)

    def spatial(self, knowledge):
        return WrongBelow(knowledge, self.change_step)


class WrongAbove(AllUnitsOn):
    def __init__(self, knowledge, change):
        super().__init__(knowledge)
        self.change = change or (lambda view, plan: plan)

    def plan(self, view):
        return self.change(view, super().plan(view))


class WrongBelow(ProRata):
    def __init__(self, knowledge, change):
        super().__init__(knowledge)
        self.change = change or (lambda view, answer: answer)

    def step(self, view):
        return self.change(view, super().step(view))


# ---------------------------------------------------------------- code that does not come to an answer
def throws(view, answer):
    return 1 / 0  # here


def throws_deep_within_numpy(view, answer):
    return np.stack([np.zeros(2), np.zeros(3)])  # here


def leaves_python(view, answer):
    sys.exit(0)  # here


def cancels(view, answer):
    raise BaseException("no Exception at all")  # here


def never_ends(view, answer):
    while True:
        pass  # here


def waits_for_ever(view, answer):
    time.sleep(1e6)  # here


def holds_on(view, answer):
    while True:
        with suppress(Exception):
            time.sleep(0.01)  # here


def writes_into_what_drivers_said(view, answer):
    view.declared.bus_index[:] = 5  # here


def writes_into_soc(view, answer):
    view.soc += 0.1  # here


def writes_into_targets(view, answer):
    view.pc_target_kw[0] = 0.0  # here


def writes_into_forecast(view, answer):
    view.load_mw[:] = 0.0  # here


def writes_into_quantiles(view, answer):
    view.districts[0].x_max_kwh[:] = 0.0  # here


class Writing(Wrong):
    """Into what it owns: `change` of the knowledge of one of its layers."""

    def __init__(self, upper=None, lower=None):
        super().__init__()
        self.upper, self.lower = upper, lower

    def temporal(self, knowledge):
        if self.upper:
            self.upper(knowledge)
        return super().temporal(knowledge)

    def spatial(self, knowledge):
        if self.lower:
            self.lower(knowledge)
        return super().spatial(knowledge)


def into_capacities(knowledge):
    knowledge.vehicles.capacity_kwh[:] = 500  # here


def into_ratings(knowledge):
    knowledge.feeder.i_max_pu[:] = 500  # here


def into_units(knowledge):
    knowledge.units.p_max_mw *= 2  # here


# ---------------------------------------------------------------- plans
def nothing(view, answer):
    return None


def words(view, answer):
    return "later"


def own_record(view, answer):
    return SimpleNamespace(time_s=0)


def not_a_number(view, plan):
    return replace(plan, p_mw=plan.p_mw * np.nan)


def too_short(view, plan):
    return replace(plan, pc_kw=tuple(pc_kw[:, :12] for pc_kw in plan.pc_kw))


def one_district_less(view, plan):
    return replace(plan, pd_kw=plan.pd_kw[:1])


def commitment_as_truth_values(view, plan):
    return replace(plan, committed=plan.committed > 0)


def two_of_a_unit(view, plan):
    return replace(plan, committed=plan.committed * 2)


def all_units_off(view, plan):
    return replace(plan, committed=plan.committed * 0, p_mw=plan.p_mw * 0)


def less_than_the_load(view, plan):
    return replace(plan, p_mw=plan.p_mw * 0.9)


def beyond_its_units(view, plan):
    p_mw = plan.p_mw.copy()
    p_mw[0], p_mw[1] = p_mw[0] + 400, p_mw[1] - 400
    return replace(plan, p_mw=p_mw)


def on_and_off(view, plan):
    """The first unit, which must run 8 hours; the second takes its power over."""
    on, p_mw = plan.committed.copy(), plan.p_mw.copy()
    on[0, 1::2] = 0
    p_mw[2:, 1::2] += (p_mw[0] / 8)[1::2]
    p_mw[0, 1::2] = 0
    return replace(plan, committed=on, p_mw=p_mw)


def negative_targets(view, plan):
    return replace(plan, pc_kw=tuple(-pc_kw for pc_kw in plan.pc_kw))


def beyond_all_chargers(view, plan):
    return replace(plan, pc_kw=tuple(30 * pc_kw for pc_kw in plan.pc_kw))


def discharging(view, plan):
    return replace(plan, pd_kw=tuple(d.pc_max_kw / 3 for d in view.districts))


def wind_from_nowhere(view, plan):
    cut = np.full_like(plan.wind_curtailed_mw, -50.0)
    share = plan.p_mw / plan.p_mw.sum(axis=0)
    return replace(plan, wind_curtailed_mw=cut, p_mw=plan.p_mw - 50.0 * share)


def of_another_day(view, plan):
    return replace(plan, time_s=plan.time_s + 86_400)


# ---------------------------------------------------------------- set-points
def set_points_that_are_no_numbers(view, answer):
    return replace(answer, setpoint_kw=answer.setpoint_kw * np.nan)


def endless_set_points(view, answer):
    return replace(answer, setpoint_kw=np.full_like(answer.setpoint_kw, np.inf))


def one_car_less(view, answer):
    return replace(answer, setpoint_kw=answer.setpoint_kw[1:])


def a_list(view, answer):
    return replace(answer, setpoint_kw=answer.setpoint_kw.tolist())


def whole_numbers_as_floats(view, answer):
    return replace(answer, is_dispatched=answer.is_dispatched.astype(np.float64))


def dispatched_twice(view, answer):
    return replace(answer, is_dispatched=answer.is_dispatched * 2)


def more_than_the_charger(view, answer):
    return replace(answer, setpoint_kw=1000.0 * answer.is_dispatched)


def out_of_the_battery(view, answer):
    return replace(answer, setpoint_kw=-1.0 * answer.is_dispatched)


def cars_without_contract(view, answer):
    return replace(answer, is_dispatched=view.declared.is_plugged.astype(np.int64))


def a_bus_that_is_not_there(view, answer):
    return replace(answer, guidance_rank=np.full_like(answer.guidance_rank, 1000))


def two_best_buses(view, answer):
    return replace(answer, guidance_rank=np.zeros_like(answer.guidance_rank))


def no_proof(view, answer):
    return replace(answer, certificate=None)


def powers_of_buses_that_are_no_numbers(view, answer):
    bus = np.arange(answer.p_plan_bus_kw.size)
    return replace(answer, p_plan_bus_kw=np.where(bus == 1, np.nan, 0.0))
