"""The lower layer: its AC replay, its relaxation, nodal prices, targets and decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audit.cars import charge_max_kw, ports_per_bus
from audit.finding import Check, Floats, holds, same, within
from audit.network import Tree, loads, slack_vm_pu, tree_of
from audit.registry import rule
from audit.run import SECONDS_PER_HOUR, District, Run

AGREE_PU, AGREE_LOSS_REL = 1e-5, 1e-3
"""A relaxation is accepted up to these differences from AC (docs/model.md 4.7)."""
LIMIT_PU, LIMIT_SHARE = 1e-4, 1e-3
"""Nearer to a limit than this it may bind, and its own price joins the nodal prices."""
PRICE_REL = 1e-4
MOST_CASES = 20_000
"""Power flows for nodal prices; of larger networks some steps are looked at."""
PROBE_KW = 1.0
EDGE = 2e-5
"""Of the squared voltage: nearer to that below which voltages are penalised it may count or not."""
LOSS_FLOOR_KW = 0.01
# of a zone's ports, taken at one end of the step in which a car found none free
ZONE_FULL_SHARE = 0.9


def _planned(run: Run) -> tuple[District, ...]:
    """Networks whose planned powers met a load that is known: without forecast errors it is the load itself."""
    is_known = run.part("profiles")["forecast_error"] == "off" or run.attributes["controller"] == "oracle"
    untold = [d for d in run.balanced if not (run.told_by("load_mw") or run.told_by("load_bus_kw", d.name)
                                              or run.told_by("load_bus_kvar", d.name))]
    return tuple(untold) if is_known and run.schema >= 2 else ()


def _hours(run: Run) -> Any:
    return run.time_s // SECONDS_PER_HOUR


def _has_plan(d: District) -> Any:
    """[T] steps in which the layer says what AC makes of its powers."""
    return np.isfinite(d("vm_plan_ac_pu")).all(axis=1) & np.isfinite(d("losses_plan_ac_kw"))


@rule("4.7", "vm_plan_ac_pu", "losses_plan_ac_kw")
def ac_of_the_plan(run: Run) -> Iterator[Check]:
    """The AC voltages of optimised powers belong to the losses said, and to cars at buses where they park."""
    for d in _planned(run):
        told, tree, (p, q) = _has_plan(d), tree_of(d), loads(d)
        slack = _slack_as_seen(run, d)
        vm = np.where(told[:, None], d("vm_plan_ac_pu"), slack[:, None] * tree.scale)
        behind, losses = tree.powers_behind(vm, q + d("q_plan_bus_kvar"))
        yield same(f"{d.name}: losses of the plan", np.where(told, d("losses_plan_ac_kw"), 0.0),
                   np.where(told, losses, 0.0), "kW", rel=1e-5, absolute=1e-3)
        yield same(f"{d.name}: slack voltage of the plan", vm[:, 0], slack, "pu")
        cars = np.where(told[:, None], behind - p, 0.0)[:, 1:]
        parks = (d("bus_zone") >= 0)[1:]
        most = float(charge_max_kw(d).sum()) if run.has_totals else np.inf
        yield within(f"{d.name}: planned cars at", cars, np.where(parks, -most, 0.0), np.where(parks, most, 0.0), "kW",
                     names=d.buses[1:], rel=0.0, absolute=0.05)


def _slack_as_seen(run: Run, d: District) -> Floats:
    """[T] voltage of the slack that a decision counts with: of the step before its hour, in the first hour its own."""
    first = _hours(run) * SECONDS_PER_HOUR // run.step_s
    own = d("vm_plan_ac_pu")[:, 0]
    if not d.holds("tap_slack_vm_pu"):
        return np.full(run.steps, float(d.attributes["v_slack_pu"]))
    known = slack_vm_pu(d)
    return np.where(first > 0, known[np.maximum(first - 1, 0)], np.where(np.isfinite(own), own, known))


@rule("4.7", "vm_socp_pu", "losses_socp_kw", "relaxation_vm_error_pu", "relaxation_loss_error_rel")
def relaxation(run: Run) -> Iterator[Check]:
    """The optimisation's own voltages and losses miss AC by what is said, at most by 1e-5 pu and 0.1 %."""
    for d in run.networks:
        hour = _hours(run)
        known = np.isfinite(d("relaxation_vm_error_pu")) & np.isfinite(d("vm_socp_pu")).all(axis=1) & _has_plan(d)
        vm = np.where(known, np.abs(d("vm_socp_pu") - d("vm_plan_ac_pu")).max(axis=1), 0.0)
        loss = np.where(known, np.abs(d("losses_socp_kw") - d("losses_plan_ac_kw"))
                        / np.maximum(d("losses_plan_ac_kw"), LOSS_FLOOR_KW), 0.0)
        for name, error, unit, most in (("relaxation_vm_error_pu", vm, "pu", AGREE_PU),
                                        ("relaxation_loss_error_rel", loss, "1", AGREE_LOSS_REL)):
            worst = np.zeros(int(hour.max(initial=-1)) + 1)
            np.maximum.at(worst, hour, error)
            # later hours of the same decision are not in the file, and may miss by more
            yield within(f"{d.name}: {name}", np.where(known, d(name), 0.0), np.where(known, worst[hour], 0.0), most,
                         unit, rel=0.0, absolute=1e-8)
        yield Check(f"{d.name}: an answer without its proof", np.isfinite(d("losses_socp_kw"))
                    & ~np.isfinite(d("relaxation_vm_error_pu")), 0.0, "")


@rule("4.6", "nodal_price_usd_per_mwh")
def nodal_prices(run: Run) -> Iterator[Check]:
    """A bus's price is that at the substation, with what its next kWh adds to losses and to the voltage penalty."""
    for d in _planned(run):
        tree, (p, q), price = tree_of(d), loads(d), d("nodal_price_usd_per_mwh")
        steps = _free_steps(run, d)
        if not steps.size:
            continue
        most = max(MOST_CASES // (2 * p.shape[1]), 1)
        steps = steps[np.linspace(0, steps.size - 1, min(most, steps.size)).astype(int)]
        reactive = (q + d("q_plan_bus_kvar"))[steps]
        behind, _ = tree.powers_behind(d("vm_plan_ac_pu")[steps], reactive)
        behind[:, 0] = p[steps, 0]
        losses, low, high = _of_one_more_kwh(run, tree, behind, reactive, _slack_as_seen(run, d)[steps])
        base = price[steps, :1]
        told, least, most_usd = (_in_all_steps(values, steps, run.steps) for values in (
            price[steps], base * (1 + losses) + low, base * (1 + losses) + high))
        yield within(f"{d.name}: price at", told, least, most_usd, "USD/MWh", names=d.buses, rel=PRICE_REL,
                     absolute=1e-3)


def _in_all_steps(values: Floats, steps: Any, count: int) -> Floats:
    """[T, B] these rows where they belong, 0 in all others."""
    rows = np.zeros((count, values.shape[1]))
    rows[steps] = values
    return rows


def _free_steps(run: Run, d: District) -> Any:
    """Steps with a solve whose network limits do not bind, none repaired or fallen back in its hour."""
    vm, hour = d("vm_plan_ac_pu"), _hours(run)
    known = _has_plan(d) & np.isfinite(d("nodal_price_usd_per_mwh")).all(axis=1) & np.isfinite(d("losses_socp_kw"))
    low, high = float(d.scenario["v_min_pu"]), float(d.scenario["v_max_pu"])
    known &= (vm[:, 1:].min(axis=1) > low + LIMIT_PU) & (vm[:, 1:].max(axis=1) < high - LIMIT_PU)
    tight = (d("line_loading_percent") > 95.0).any(axis=1)
    tight |= (d("transformer_kva") > 0.95 * d("transformer_rating_kva")).any(axis=1)
    tight |= np.hypot(d("p_slack_kw"), d("q_slack_kvar")) > 0.95 * d("transformer_rating_kva")[0]  # the substation's
    tight |= (d("spatial_repaired") > 0) | (d("spatial_fallback") > 0)
    # a limit that binds in one step moves energy to the others, and the whole hour is one decision
    return np.flatnonzero(known & ~np.isin(hour, hour[tight]))


def _of_one_more_kwh(run: Run, tree: Tree, p_kw: Floats, q_kvar: Floats, slack_pu: Floats
                     ) -> tuple[Floats, Floats, Floats]:
    """[n, B] (losses per kWh, least and most voltage penalty in USD/MWh) of a bit more power at each bus.

    slack_pu [n]: the voltage of the slack.
    """
    spatial, count = run.part("spatial"), p_kw.shape[1]
    below = float(spatial["voltage_penalty_below_pu"]) ** 2
    usd = float(spatial["voltage_penalty_usd_per_pu2h"]) * 1e3
    probed = tree.at(np.repeat(slack_pu, count))
    flows = [probed.flow((p_kw[:, None, :] + way * np.eye(count)).reshape(-1, count), np.repeat(q_kvar, count, axis=0))
             for way in (PROBE_KW, -PROBE_KW)]
    losses = (flows[0].losses_kw - flows[1].losses_kw).reshape(p_kw.shape) / (2 * PROBE_KW)
    fall = -(flows[0].vm_pu**2 - flows[1].vm_pu**2).reshape(-1, count, count) / (2 * PROBE_KW)
    square = tree.at(slack_pu).flow(p_kw, q_kvar).vm_pu ** 2
    # a voltage at the very edge of the penalty may count in part
    low, high = (np.einsum("nbk,nk->nb", fall, (square < below + edge).astype(float)) * usd for edge in (-EDGE, EDGE))
    return losses, low, high


@rule("4.1", "nodal_price_usd_per_mwh")
def price_at_the_substation(run: Run) -> Iterator[Check]:
    """Within an hour the price at the substation is one, at least 1 $/MWh; as a plan is made it is the plan's."""
    hour = _hours(run)
    for d in run.networks:
        price = np.nan_to_num(d("nodal_price_usd_per_mwh")[:, 0], nan=0.0)
        if not (price > 0).any():
            continue
        alike = (np.abs(np.diff(price)) <= 1e-5 * np.abs(price[1:])) | (hour[1:] != hour[:-1])
        yield holds(f"{d.name}: price within an hour", alike)
        starts = run.plan["time_s"]
        for plan in np.flatnonzero(starts >= 0):
            at = starts[plan] // run.step_s
            if at < run.steps and price[at] > 0 and not d("spatial_fallback")[at] and not d("spatial_repaired")[at]:
                right = max(float(run.plan["marginal_price_usd_per_mwh"][plan, 0]), 1.0)
                yield same(f"{d.name}: price as plan {plan} is made", price[at], right, "USD/MWh", rel=1e-4)


@rule("4.1", "spatial_solved", "spatial_fallback", "spatial_repaired")
def decisions(run: Run) -> Iterator[Check]:
    """The layer decides at whole hours, in each if in any; only a decision is repaired or falls back."""
    first = run.time_s % SECONDS_PER_HOUR == 0
    for d in run.districts:
        solved = d("spatial_solved") > 0
        if solved.any():
            yield holds(f"{d.name}: decides at whole hours", solved == first)
        for name in ("spatial_fallback", "spatial_repaired"):
            yield holds(f"{d.name}: {name} without a decision", (d(name) == 0) | solved)
        yield holds(f"{d.name}: fallen back, yet with the optimisation's own losses",
                    (d("spatial_fallback") == 0) | np.isnan(d("losses_socp_kw")))
        yield holds(f"{d.name}: fallen back and repaired", (d("spatial_fallback") == 0) | (d("spatial_repaired") == 0))


@rule("4.3", "target_charge_kw", "target_discharge_kw", "target_energy_kwh", "disaggregation_loss_kwh")
def targets(run: Run) -> Iterator[Check]:
    """Targets hold for an hour; at its end their energy is told, and no more of it is missing than there was."""
    hour, last = _hours(run), (run.time_s + run.step_s) % SECONDS_PER_HOUR == 0
    for d in run.districts:
        both = np.concatenate([d("target_charge_kw"), d("target_discharge_kw")], axis=1)
        yield holds(f"{d.name}: targets within an hour", (both[1:] == both[:-1]).all(axis=1) | (hour[1:] != hour[:-1]))
        energy = d("target_energy_kwh")
        yield same(f"{d.name}: energy of targets", energy, np.where(last, both.sum(axis=1), 0.0), "kWh")
        yield within(f"{d.name}: missing of targets", d("disaggregation_loss_kwh"), 0.0, energy, "kWh")
        if run.has_totals:
            one_way = np.arange(both.shape[1] // 2) % 2 == 0
            yield Check(f"{d.name}: one-way cars told to give back", d("target_discharge_kw")[:, one_way].sum(axis=1),
                        1e-9, "kW")


@rule("4.12", "q_bus_kvar", "q_plan_bus_kvar")
def reactive(run: Run) -> Iterator[Check]:
    """Chargers give no reactive power unless the scenario lets them, and none where nobody parks."""
    allowed = bool(run.part("spatial")["reactive_power"])
    for d in run.districts:
        for name in ("q_bus_kvar", "q_plan_bus_kvar"):
            shown = d(name) if not (allowed and d.has_network) else d(name)[:, d("bus_zone") < 0]
            yield same(f"{d.name}: {name}", shown, 0.0, "kvar")


@rule("5.1", "queue_count")
def ports_taken(run: Run) -> Iterator[Check]:
    """Cars wait only while a bus is full, and begin to only where their zone is.

    A car that finds no free port queues at one bus and stays there, though ports elsewhere may become free meanwhile.
    Who came and left within a step is in no file: hence one port, and a tenth of a zone.
    """
    for d in run.districts:
        kinds = sorted(set(d.classes.kind_of_class.tolist()))
        ports = {kind: ports_per_bus(d, kind) for kind in kinds}
        if None in ports.values() or run.steps < 2:
            continue
        bus_full, zone_full = np.zeros((2, run.steps), dtype=np.bool_)
        for zone in range(d.zone_count):
            buses = int((d("bus_zone") == zone).sum())
            for kind in kinds:
                if not buses or d.classes.zones[zone] not in d.classes.kinds[kind].zones:
                    continue
                taken = d("plugged_count")[:, (d.group_zone == zone) & (d.group_kind == kind)].sum(axis=1)
                bus_full |= taken >= (ports[kind] or 0) - 1
                zone_full |= taken >= ZONE_FULL_SHARE * (ports[kind] or 0) * buses
        waiting = d("queue_count") > 0
        yield holds(f"{d.name}: cars wait beside free ports", ~waiting[:-1] | bus_full[1:])
        begins = waiting[1:-1] & ~waiting[:-2]
        yield holds(f"{d.name}: cars begin to wait beside free ports", ~begins | zone_full[1:-1] | zone_full[2:])
