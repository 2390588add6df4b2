"""A district's network as a pandapower net with the loads of its buses and the power of its cars, as they happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.network.written_net import net_as_json, net_of, with_profiles
from models.records.feeder import BASE_MVA, RadialFeeder
from testbed.results.layout import ResultError
from testbed.results.reading import Result
from testbed.wiring.whole_files import write_whole

KILO = 1e3
NEEDED = ("line_r_pu", "line_turns_ratio", "shunt_g_pu", "load_peak_kw", "load_bus_kw")


def write_net(result: Result, district: str, output: Path) -> None:
    """The net as JSON. ResultError for a district that is not there, has no network, or of which an older file says too
    little."""
    feeder = feeder_in(result, district)
    load_kw = np.array(result.district(district, "load_bus_kw"))
    if result.holds(district, "generation_curtailed_kw"):
        is_there = np.isin(result.district(district, "bus"), result.district(district, "generation_bus"))
        load_kw[:, is_there] += result.district(district, "generation_curtailed_kw")
    profiles = {
        ("load", "p_mw"): load_kw / KILO,
        ("load", "q_mvar"): result.district(district, "load_bus_kvar") / KILO,
        ("cars", "p_mw"): result.district(district, "p_bus_kw") / KILO,
        ("cars", "q_mvar"): result.district(district, "q_bus_kvar") / KILO}
    taps = result.holds(district, "tap_slack_vm_pu")
    slack_vm_pu = result.district(district, "vm_pu")[:, 0] if taps else None
    net = with_profiles(net_of(feeder), profiles, result.time_s, slack_vm_pu)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(output, net_as_json(net).encode())


def feeder_in(result: Result, district: str) -> RadialFeeder:
    """The network as the file tells it."""
    if not result.has_network(district):
        raise ResultError(f"{result.path}: district {district} has no network")
    if result.holds(district, "node_base_v"):
        raise ResultError(f"{result.path}: district {district} is of three phases, which no pandapower net is")
    if missing := [name for name in NEEDED if not result.holds(district, name)]:
        raise ResultError(f"{result.path}: an older file, which holds no {', '.join(missing)} of {district}")
    number, up = result.district(district, "bus"), result.district(district, "bus_parent")
    place = {int(bus): index for index, bus in enumerate(number)}
    described = next(entry for entry in result.scenario["districts"] if entry["name"] == district)
    kv = float(result.district_attribute(district, "nominal_kv"))
    return RadialFeeder(
        name=f"{result.scenario_name} {district}", bus_number=number,
        parent=np.array([place.get(int(bus), -1) for bus in up]),
        r_pu=result.district(district, "line_r_pu"), x_pu=result.district(district, "line_x_pu"),
        i_max_pu=result.district(district, "line_rating_a") * np.sqrt(3.0) * kv / (BASE_MVA * KILO),
        transformer_kva=result.district(district, "transformer_rating_kva"),
        p_base_kw=result.district(district, "load_peak_kw"), q_base_kvar=result.district(district, "load_peak_kvar"),
        nominal_kv=kv, v_slack_pu=float(result.district_attribute(district, "v_slack_pu")),
        v_min_pu=float(described["v_min_pu"]), v_max_pu=float(described["v_max_pu"]),
        turns_ratio=result.district(district, "line_turns_ratio"), shunt_g_pu=result.district(district, "shunt_g_pu"),
        shunt_b_pu=result.district(district, "shunt_b_pu"),
        bus_name=tuple(result.district(district, "bus_name")) if result.holds(district, "bus_name") else ())
