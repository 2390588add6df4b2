"""Radial feeders and their balanced AC power flow.

The feeder is a `RadialFeeder` record in per unit on 1 MVA; engines answer one question,
(p_kw [N, B], q_kvar [N, B]) -> PowerFlow, and are chosen by name. Three-phase balance is assumed throughout.
Only user of pandapower and lightsim2grid; both are imported late because they are slow to import.
"""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from models.records import BASE_MVA, ZONES, Floats, Ints, PowerFlow, RadialFeeder, RecordError, Site

Engine = Literal["lightsim2grid", "pandapower"]
ZoneMapName = Literal["contiguous", "public"]
Complexes = npt.NDArray[np.complex128]

STANDARD_KVA = np.array([50, 100, 160, 250, 400, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000], float)
"""Nameplates of MV/LV transformers in kVA: the usual steps of makers' series (A)."""
TRANSFORMER_MARGIN = 1.2
"""Rating over peak load without cars (A)."""
IEEE33_TIE_LINES = (33, 34, 35, 36, 37)
IEEE33_BEST_OPEN_LINES = (7, 9, 14, 32, 37)
"""Loss-minimal reconfiguration known from the literature (K)."""
IEEE33_TRUNK_LINES = (1, 2, 3, 4, 5)
IEEE33_TRUNK_A = 400.0
IEEE33_LATERAL_A = 200.0
"""case33bw ships with 99,999 kA; 400 A for the trunk and 200 A elsewhere are assumed (A)."""
UNRATED_A = 5.0e3
"""Stands for a line without rating: 25 times the lateral's; finite, since solvers dislike infinities."""
PLACEHOLDER_A = 9.0e3
ENGINE_AGREEMENT_PU = 1e-8
_NEWTON_STEPS = 30
_NEWTON_TOLERANCE_MVA = 1e-10

_ZONE_BUSES: Mapping[str, Mapping[str, Sequence[int]]] = {
    "contiguous": {
        "residential": (*range(7, 19), *range(26, 30)),
        "commercial": (*range(2, 7), *range(19, 23)),
        "office": (*range(23, 26), *range(30, 34)),
    },
    "public": {
        "residential": (2, 3, 4, 6, 11, 12, 13, 15, 18, 21, 22, 25, 30, 31, 33),
        "commercial": (5, 10, 14, 19, 20, 24, 27, 29, 32),
        "office": (7, 8, 9, 16, 17, 23, 26, 28),
    },
}


# ---------------------------------------------------------------- feeders
def ieee33(
    peak_scale: float = 1.0,
    slack_vm_pu: float = 1.0,
    v_min_pu: float = 0.90,
    v_max_pu: float = 1.05,
    open_lines: Sequence[int] = IEEE33_TIE_LINES,
    substation_kva: float = np.inf,
    line_rating_a: float | None = None,
    transformer_margin: float = TRANSFORMER_MARGIN,
) -> RadialFeeder:
    """Baran and Wu's 33-bus feeder as pandapower's case33bw (12.66 kV, 3.715 MW, 2.300 Mvar; K).

    `peak_scale` scales only the loads written into `p_base_kw`; leave it at 1 when the profiles scale.
    MV/LV transformers always follow from scale 1.0: the next standard size above 1.2 x peak load (A).
    transformer_margin: another factor than 1.2; inf: no MV/LV transformer is rated.
    Line ratings: 400 A for lines 1-5, 200 A elsewhere (A), or line_rating_a for all. Voltage limits are explicit (A).
    `open_lines` are the 1-based lines out of service; `substation_kva` rates the transformer behind the slack.
    """
    from pandapower import networks  # noqa: PLC0415

    net = networks.case33bw()
    line_numbers = np.arange(1, len(net.line) + 1)
    net.line["in_service"] = ~np.isin(line_numbers, open_lines)
    i_max_a = np.where(np.isin(line_numbers, IEEE33_TRUNK_LINES), IEEE33_TRUNK_A, IEEE33_LATERAL_A)
    if line_rating_a is not None:
        i_max_a = np.full(line_numbers.size, min(line_rating_a, UNRATED_A))
    return radial_feeder_from_pandapower(
        net, "ieee33", slack_vm_pu=slack_vm_pu, v_min_pu=v_min_pu, v_max_pu=v_max_pu, i_max_a=i_max_a,
        first_bus_number=1, load_scale=peak_scale, substation_kva=substation_kva,
        transformer_margin=transformer_margin,
    )


def tie_configuration() -> RadialFeeder:
    """`ieee33` with switches 7-9-14-32-37 open instead of 33-37: 139.551 kW of losses (K)."""
    return ieee33(open_lines=IEEE33_BEST_OPEN_LINES)


def radial_feeder_from_pandapower(
    net: Any,
    name: str,
    *,
    slack_vm_pu: float = 1.0,
    v_min_pu: float = 0.90,
    v_max_pu: float = 1.05,
    i_max_a: Floats | None = None,
    first_bus_number: int = 0,
    load_scale: float = 1.0,
    substation_kva: float = np.inf,
    transformer_margin: float = TRANSFORMER_MARGIN,
    neglect_line_charging: bool = False,
) -> RadialFeeder:
    """One voltage level of a pandapower net as a RadialFeeder on 1 MVA, open switches honoured.

    The slack is the ext_grid's bus, or the low-voltage side of the transformers fed by it (their tap
    changer is taken to hold `slack_vm_pu`; A). Buses without a path to it are left out; loads at a bus are summed
    (generators are injections of the profiles, not of the record). Parents precede children, lower numbers first.
    i_max_a: [lines] in the net's row order; None takes max_i_ka and refuses placeholders.
    Raises RecordError for meshes, placeholders, and line charging unless `neglect_line_charging`.
    """
    slack, nominal_kv = _slack_bus(net)
    ends = _line_ends_in_service(net)
    if not neglect_line_charging and np.any(net.line["c_nf_per_km"].to_numpy() > 0):
        raise RecordError(f"feeder {name}: lines have charging capacitance, which a RadialFeeder does not "
                          "hold; pass neglect_line_charging=True to leave it out")
    bus, parent, line = _tree(ends, slack, name)
    z_base_ohm = nominal_kv**2 / BASE_MVA
    i_base_a = BASE_MVA * 1e3 / (np.sqrt(3.0) * nominal_kv)
    ratings_a = _line_ratings_a(net, name, line[1:]) if i_max_a is None else np.asarray(i_max_a, float)
    p_kw, q_kvar = _bus_loads(net, bus)
    return RadialFeeder(
        name=name,
        bus_number=np.asarray(bus + first_bus_number, dtype=np.int64),
        parent=parent,
        r_pu=_per_line(_line_ohm(net, "r") / z_base_ohm, line),
        x_pu=_per_line(_line_ohm(net, "x") / z_base_ohm, line),
        i_max_pu=_per_line(ratings_a / i_base_a, line),
        transformer_kva=_transformer_kva(np.hypot(p_kw, q_kvar), substation_kva, transformer_margin),
        p_base_kw=p_kw * load_scale,
        q_base_kvar=q_kvar * load_scale,
        nominal_kv=nominal_kv,
        v_slack_pu=slack_vm_pu,
        v_min_pu=v_min_pu,
        v_max_pu=v_max_pu,
    )


def _slack_bus(net: Any) -> tuple[int, float]:
    """Index and voltage of the bus whose voltage is held: the ext_grid's, or behind its transformers."""
    bus = int(net.ext_grid.loc[net.ext_grid["in_service"], "bus"].iloc[0])
    if len(net.trafo):
        behind = net.trafo.loc[net.trafo["in_service"] & (net.trafo["hv_bus"] == bus), "lv_bus"].unique()
        if len(behind) != 1:
            raise RecordError(f"feeder: transformers from the ext_grid end at {len(behind)} buses, not one")
        bus = int(behind[0])
    return bus, float(net.bus.at[bus, "vn_kv"])


def _line_ends_in_service(net: Any) -> dict[int, list[tuple[int, int]]]:
    """Neighbours of each bus: bus -> [(other bus, row of net.line)], closed lines and bus-bus switches only.

    A closed bus-bus switch would be a line without resistance, which the record cannot hold: refused.
    """
    switch = net.switch
    closed = np.asarray(switch["closed"], dtype=bool)
    if np.any(closed & (switch["et"] == "b").to_numpy()):
        raise RecordError("feeder: closed bus-bus switches must be fused before conversion")
    opened = set(switch.loc[~closed & (switch["et"] == "l").to_numpy(), "element"].astype(int))
    neighbours: dict[int, list[tuple[int, int]]] = {int(b): [] for b in net.bus.index}
    rows = zip(net.line.index, net.line["from_bus"], net.line["to_bus"], net.line["in_service"], strict=True)
    for row, (index, start, end, in_service) in enumerate(rows):
        if in_service and int(index) not in opened:
            neighbours[int(start)].append((int(end), row))
            neighbours[int(end)].append((int(start), row))
    return neighbours


def _tree(neighbours: dict[int, list[tuple[int, int]]], slack: int, name: str) -> tuple[Ints, Ints, Ints]:
    """Bus indices, parent positions and line rows [B], lowest bus index first among those reachable."""
    heap, order = [(slack, -1, -1)], dict[int, int]()
    parent, line = [], []
    while heap:
        bus, parent_position, row = heapq.heappop(heap)
        if bus in order:
            raise RecordError(f"feeder {name}: not radial, bus {bus} is reached twice (line row {row})")
        order[bus] = len(order)
        parent.append(parent_position)
        line.append(row)
        for other, other_row in neighbours[bus]:
            if other_row != row:
                heapq.heappush(heap, (other, order[bus], other_row))
    return np.array(list(order), dtype=np.int64), np.array(parent, dtype=np.int64), np.array(line, dtype=np.int64)


def _line_ohm(net: Any, letter: str) -> Floats:
    line = net.line
    ohm = line[f"{letter}_ohm_per_km"].to_numpy(float) * line["length_km"].to_numpy(float)
    return np.asarray(ohm / line["parallel"].to_numpy(float), dtype=np.float64)


def _line_ratings_a(net: Any, name: str, used: Ints) -> Floats:
    line = net.line
    rating = line["max_i_ka"].to_numpy(float) * line["df"].to_numpy(float) * line["parallel"].to_numpy(float) * 1e3
    if np.any(rating[used] > PLACEHOLDER_A):
        worst = rating[used].max() / 1e3
        raise RecordError(f"feeder {name}: max_i_ka={worst:g} is a placeholder; pass i_max_a")
    return np.asarray(rating, dtype=np.float64)


def _per_line(values: Floats, line: Ints) -> Floats:
    """Values of each bus's line to its parent [B]; 0 for the slack."""
    return np.asarray(np.where(line >= 0, values[line], 0.0), dtype=np.float64)


def _bus_loads(net: Any, bus: Ints) -> tuple[Floats, Floats]:
    load = net.load[net.load["in_service"]]
    totals = []
    for column in ("p_mw", "q_mvar"):
        by_bus = (load[column] * load["scaling"]).groupby(load["bus"]).sum()
        totals.append(by_bus.reindex(bus, fill_value=0.0).to_numpy(float) * 1e3)
    return totals[0], totals[1]


def _transformer_kva(peak_kva: Floats, substation_kva: float, margin: float = TRANSFORMER_MARGIN) -> Floats:
    """Next standard size above margin x peak; inf where there is no load; row 0 is the substation's."""
    need = np.where(peak_kva > 0, margin, 0.0) * np.maximum(peak_kva, 1e-9)
    index = np.searchsorted(STANDARD_KVA, need, side="left")
    sizes = np.append(STANDARD_KVA, np.inf)[index]
    sizes = np.where(need > 0, sizes, np.inf)
    sizes[0] = substation_kva
    return np.asarray(sizes, dtype=np.float64)


# ---------------------------------------------------------------- sites
def zone_map(name: ZoneMapName) -> dict[int, int]:
    """Zone (index into ZONES) by bus number: `contiguous` (A) or `public` (S; its third zone is industrial)."""
    return {bus: ZONES.index(zone) for zone, buses in _ZONE_BUSES[name].items() for bus in buses}


def site(
    feeder: RadialFeeder, zones: Mapping[int, int], slow_ports_per_bus: int = 8, fast_ports_per_bus: int = 3
) -> Site:
    """Chargers of a feeder (A): slow ports at every bus with a zone, fast ones at commercial buses only."""
    unknown = sorted(set(zones) - {int(n) for n in feeder.bus_number})
    if unknown:
        raise RecordError(f"site: zone map names buses {unknown} that feeder {feeder.name} does not have")
    bus_zone = np.array([zones.get(int(n), -1) for n in feeder.bus_number], dtype=np.int64)
    slow = np.where(bus_zone >= 0, slow_ports_per_bus, 0)
    fast = np.where(bus_zone == ZONES.index("commercial"), fast_ports_per_bus, 0)
    return Site(bus_zone=bus_zone, slow_ports=slow.astype(np.int64), fast_ports=fast.astype(np.int64))


# ---------------------------------------------------------------- AC power flow
class AcEngine(Protocol):
    """AC power flow of one feeder."""

    def power_flow(self, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        """N cases of loads [N, B]; a case that does not converge is NaN in every column."""
        ...


def ac_engine(feeder: RadialFeeder, engine: Engine = "lightsim2grid") -> AcEngine:
    """The engine of that name; raises RecordError for an unknown one."""
    if engine == "lightsim2grid":
        return LightsimEngine(feeder)
    if engine == "pandapower":
        return PandapowerEngine(feeder)
    raise RecordError(f"feeder engine {engine!r}: allowed are 'lightsim2grid' and 'pandapower'")


class PandapowerEngine:
    """The reference: pandapower's own Newton-Raphson, 16 ms a case (C)."""

    def __init__(self, feeder: RadialFeeder) -> None:
        self.feeder = feeder
        self._net = _pandapower_net(feeder)

    def power_flow(self, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        """See AcEngine."""
        v = np.stack([self._voltages(p, q) for p, q in zip(p_kw, q_kvar, strict=True)])
        return power_flow_from_voltages(self.feeder, v, p_kw, q_kvar)

    def _voltages(self, p_kw: Floats, q_kvar: Floats) -> Complexes:
        import pandapower  # noqa: PLC0415

        self._net.load["p_mw"] = p_kw[1:] / 1e3
        self._net.load["q_mvar"] = q_kvar[1:] / 1e3
        try:
            pandapower.runpp(self._net, numba=False, lightsim2grid=False, init="flat",
                             tolerance_mva=_NEWTON_TOLERANCE_MVA, max_iteration=_NEWTON_STEPS)
        except pandapower.LoadflowNotConverged:
            return np.full(self.feeder.bus_count, np.nan + 1j * np.nan)
        angle = np.deg2rad(self._net.res_bus["va_degree"].to_numpy(float))
        return np.asarray(self._net.res_bus["vm_pu"].to_numpy(float) * np.exp(1j * angle))


class LightsimEngine:
    """The inner loop: lightsim2grid's batch, 0.02 ms a case (C). Checked against pandapower when made."""

    def __init__(self, feeder: RadialFeeder) -> None:
        self.feeder = feeder
        reference = PandapowerEngine(feeder)
        self._grid, self._sweep = _lightsim_sweep(reference._net)
        self._flat = np.full(feeder.bus_count, feeder.v_slack_pu, dtype=np.complex128)
        self._check_against(reference)

    def power_flow(self, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        """See AcEngine."""
        self._sweep.clear()  # otherwise the number of cases stays that of the first call
        self._sweep.modify_load_p(np.ascontiguousarray(p_kw[:, 1:], dtype=np.float64) / 1e3)
        self._sweep.modify_load_q(np.ascontiguousarray(q_kvar[:, 1:], dtype=np.float64) / 1e3)
        self._sweep.compute(self._flat, _NEWTON_STEPS, _NEWTON_TOLERANCE_MVA / BASE_MVA)
        v = np.array(self._sweep.get_voltages())
        v[~np.asarray(self._sweep.converged_mask(), dtype=bool)] = np.nan
        return power_flow_from_voltages(self.feeder, v, p_kw, q_kvar)

    def _check_against(self, reference: PandapowerEngine) -> None:
        p_kw, q_kvar = self.feeder.p_base_kw[None, :], self.feeder.q_base_kvar[None, :]
        error = np.abs(self.power_flow(p_kw, q_kvar).vm_pu - reference.power_flow(p_kw, q_kvar).vm_pu).max()
        if not error <= ENGINE_AGREEMENT_PU:
            raise RecordError(f"feeder {self.feeder.name}: lightsim2grid differs from pandapower by {error:g} pu, "
                              f"allowed {ENGINE_AGREEMENT_PU:g}")


def power_flow_from_voltages(feeder: RadialFeeder, v: Complexes, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
    """PowerFlow of complex bus voltages [N, B]: i = (v_parent - v) / (r + jx), losses = sum r |i|^2."""
    z = feeder.r_pu[1:] + 1j * feeder.x_pu[1:]
    current = (v[:, feeder.parent[1:]] - v[:, 1:]) / z
    loss_mw = (np.abs(current) ** 2 * feeder.r_pu[1:]).sum(axis=1) * BASE_MVA
    from_slack = feeder.parent[1:] == 0
    s_mva = v[:, 0] * np.conj(current[:, from_slack].sum(axis=1)) * BASE_MVA
    loading = np.zeros(v.shape)
    loading[:, 1:] = 100.0 * np.abs(current) / feeder.i_max_pu[1:]
    return PowerFlow(vm_pu=np.abs(v), losses_kw=loss_mw * 1e3, line_loading_percent=loading,
                     p_slack_kw=s_mva.real * 1e3 + p_kw[:, 0], q_slack_kvar=s_mva.imag * 1e3 + q_kvar[:, 0])


def _pandapower_net(feeder: RadialFeeder) -> Any:
    """The record as a pandapower net: one load per bus except the slack, in row order."""
    import pandapower as pp  # noqa: PLC0415

    net = pp.create_empty_network(sn_mva=BASE_MVA)
    buses = pp.create_buses(net, feeder.bus_count, vn_kv=feeder.nominal_kv)
    pp.create_ext_grid(net, buses[0], vm_pu=feeder.v_slack_pu)
    z_base_ohm = feeder.nominal_kv**2 / BASE_MVA
    i_base_ka = BASE_MVA / (np.sqrt(3.0) * feeder.nominal_kv)
    pp.create_lines_from_parameters(
        net, buses[feeder.parent[1:]], buses[1:], length_km=1.0, r_ohm_per_km=feeder.r_pu[1:] * z_base_ohm,
        x_ohm_per_km=feeder.x_pu[1:] * z_base_ohm, c_nf_per_km=0.0, max_i_ka=feeder.i_max_pu[1:] * i_base_ka)
    pp.create_loads(net, buses[1:], p_mw=feeder.p_base_kw[1:] / 1e3, q_mvar=feeder.q_base_kvar[1:] / 1e3)
    return net


def _lightsim_sweep(net: Any) -> tuple[Any, Any]:
    """The grid and its batch of independent cases; the sweep keeps no reference to the grid."""
    from lightsim2grid.lightsim2grid_cpp import InjectionSweepCPP  # noqa: PLC0415
    from lightsim2grid.network import init_from_pandapower  # noqa: PLC0415

    with warnings.catch_warnings():  # it says that it takes the ext_grid for the slack, which is meant
        warnings.filterwarnings("ignore", message="LightSim has not found any generators", category=UserWarning)
        grid = init_from_pandapower(net)
    return grid, InjectionSweepCPP(grid)
