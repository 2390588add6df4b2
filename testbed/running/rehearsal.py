"""What a run would meet before its first step: districts, engines, and a power flow with all cars charging."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.records.arrays import Floats, RecordError
from models.records.feeder import PowerFlow, RadialFeeder
from testbed.running.preflight import WrongRequest
from testbed.scenario.record import Scenario
from testbed.setup.districts import District, build_districts
from testbed.setup.engine_check import engines_disagree
from testbed.setup.profiles import build_profiles
from testbed.wiring.run_spec import RunSpec

REHEARSED_AS = "uncoordinated"
"""A controller under which every car may charge."""


def rehearsed(scenario: Scenario) -> list[str]:
    """A line for each district with a feeder: what one power flow with all cars charging gives.

    Raises WrongRequest where no run of the scenario could begin. Writes nothing but the engine check's cache.
    """
    spec = RunSpec(scenario, REHEARSED_AS, scenario.seed, Path())
    try:
        build_profiles(scenario)
        districts = build_districts(spec)
        problem = engines_disagree(spec)
    except (RecordError, ValueError) as error:
        raise WrongRequest([f"scenario {scenario.name}: {error}"]) from error
    if problem:
        raise WrongRequest([f"scenario {scenario.name}: {problem}"])
    if scenario.simulators:
        from testbed.running.world import rehearsed_peers  # noqa: PLC0415 - loads mosaik

        rehearsed_peers(spec)
    return [line for district in districts.values() for line in _all_charging(district)]


def _all_charging(district: District) -> Iterator[str]:
    if district.feeder is None or district.power_flow is None:
        return
    p_cars_kw, charging = all_cars_kw(district)
    feeder = district.feeder
    flow = district.power_flow((feeder.p_base_kw + p_cars_kw)[None, :], feeder.q_base_kvar[None, :])
    begin = (f"{district.name}: {charging} of {district.vehicles.count} cars charging at once "
             f"({p_cars_kw.sum():,.0f} kW) at the feeder's peak load: ")
    yield begin + (_figures(feeder, flow) if np.isfinite(flow.vm_pu).all()
                   else "no power flow solves it; the feeder does not carry that")


def all_cars_kw(district: District) -> tuple[Floats, int]:
    """[B] power of all cars that find a port, spread over the ports of their kind; and how many those are."""
    p_kw, charging = np.zeros(district.site.bus_count), 0
    vehicles = district.vehicles
    for kind in range(district.site.groups.kind_count):
        mine, ports = vehicles.charger_kind == kind, district.site.ports(kind)
        cars = min(int(mine.sum()), int(ports.sum()))
        if cars:
            p_kw += cars * vehicles.p_charge_max_kw[mine].mean() * ports / ports.sum()
            charging += cars
    return p_kw, charging


def _figures(feeder: RadialFeeder, flow: PowerFlow) -> str:
    lowest, loaded = int(flow.vm_pu[0].argmin()), int(flow.line_loading_percent[0].argmax())
    below = f", below v_min_pu={feeder.v_min_pu:g}" if flow.vm_pu[0, lowest] < feeder.v_min_pu else ""
    loading = flow.line_loading_percent[0, loaded]
    return (f"lowest voltage {flow.vm_pu[0, lowest]:.3f} pu at bus {feeder.bus_label(lowest)}{below}; "
            f"highest line loading {loading:.0f} % before bus {feeder.bus_label(loaded)}; "
            f"{np.hypot(flow.p_slack_kw[0], flow.q_slack_kvar[0]) / 1e3:.2f} MVA at the substation")
