"""Balanced AC power flow of a radial feeder: (p_kw [N, B], q_kvar [N, B]) -> PowerFlow, by an engine chosen by name.

`lightsim2grid` is the inner loop, `pandapower` the reference it is held against (`testbed.setup.engine_check`). Both
are imported late; pandapower alone takes a second.
"""

from __future__ import annotations

import copy
import logging
import warnings
from dataclasses import replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from models.network.quiet import quiet
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import BASE_MVA, PowerFlow, RadialFeeder

Engine = Literal["lightsim2grid", "pandapower"]
Complexes = npt.NDArray[np.complex128]
ENGINE_AGREEMENT_PU = 1e-8
_NEWTON_STEPS = 30
_NEWTON_TOLERANCE_MVA = 1e-10
_NET_TOLERANCE_MVA = 1e-8
"""Of nets as they come, whose smallest impedances leave no more."""
_UNLIMITED_MVAR = 1e6


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
        self.feeder, self._scale = feeder, feeder.voltage_scale
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
        return np.asarray(self._net.res_bus["vm_pu"].to_numpy(float) * self._scale * np.exp(1j * angle))


class LightsimEngine:
    """The inner loop: lightsim2grid's batch, 0.02 ms a case (C). `engine_error_pu` holds it against pandapower."""

    def __init__(self, feeder: RadialFeeder) -> None:
        self.feeder, self._scale = feeder, feeder.voltage_scale
        self._grid, self._sweep = _lightsim_sweep(feeder)
        self._flat = np.full(feeder.bus_count, feeder.v_slack_pu, dtype=np.complex128)

    def power_flow(self, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
        """See AcEngine."""
        self._sweep.clear()  # otherwise the number of cases stays that of the first call
        self._sweep.modify_load_p(np.ascontiguousarray(p_kw[:, 1:], dtype=np.float64) / 1e3)
        self._sweep.modify_load_q(np.ascontiguousarray(q_kvar[:, 1:], dtype=np.float64) / 1e3)
        self._sweep.compute(self._flat, _NEWTON_STEPS, _NEWTON_TOLERANCE_MVA / BASE_MVA)
        v = np.array(self._sweep.get_voltages(), dtype=np.complex128) * self._scale
        v[~np.asarray(self._sweep.converged_mask(), dtype=bool)] = np.nan
        return power_flow_from_voltages(self.feeder, v, p_kw, q_kvar)


def engine_error_pu(feeder: RadialFeeder) -> float:
    """Largest difference of a bus voltage between the two engines; NaN where one does not converge.

    At base load, at none, and with a third of it fed back: cars may do either.
    """
    scale = np.array([1.0, 0.0, -1.0 / 3.0])
    p_kw, q_kvar = np.outer(scale, feeder.p_base_kw), np.outer(np.abs(scale), feeder.q_base_kvar)
    fast, reference = (engine(feeder).power_flow(p_kw, q_kvar).vm_pu for engine in (LightsimEngine, PandapowerEngine))
    return float(np.abs(fast - reference).max())


def power_flow_from_voltages(feeder: RadialFeeder, v: Complexes, p_kw: Floats, q_kvar: Floats) -> PowerFlow:
    """PowerFlow of complex bus voltages [N, B]: i = (n v_parent - v) / (r + jx), losses = sum r |i|^2 + sum g |v|^2."""
    z = feeder.r_pu[1:] + 1j * feeder.x_pu[1:]
    ratio = feeder.turns_ratio[1:]
    current = (v[:, feeder.parent[1:]] * ratio - v[:, 1:]) / z
    in_shunts = (np.abs(v) ** 2 * feeder.shunt_g_pu).sum(axis=1)
    loss_mw = ((np.abs(current) ** 2 * feeder.r_pu[1:]).sum(axis=1) + in_shunts) * BASE_MVA
    # the sweep has the slack's own load apart, so it is added to what the lines take
    from_slack = feeder.parent[1:] == 0
    s_pu = v[:, 0] * np.conj((current * ratio)[:, from_slack].sum(axis=1)) + feeder.slack_shunt_pu
    s_mva = s_pu * BASE_MVA
    loading = np.zeros(v.shape)
    loading[:, 1:] = 100.0 * np.abs(current) / feeder.i_max_pu[1:]
    return PowerFlow(vm_pu=np.abs(v), losses_kw=loss_mw * 1e3, line_loading_percent=loading,
                     p_slack_kw=s_mva.real * 1e3 + p_kw[:, 0], q_slack_kvar=s_mva.imag * 1e3 + q_kvar[:, 0])


def net_voltages_pu(net: Any) -> Floats:
    """Voltages [rows of net.bus] of pandapower's own power flow of any net; NaN where a bus is not supplied.

    NaN everywhere where there is no power flow. The net is not touched. Angles that transformers turn are left out: in
    a radial net no magnitude depends on them.
    """
    return net_flow(net)[0]


def net_flow(net: Any) -> tuple[Floats, str]:
    """Voltages as above, and why there are none; empty where there are."""
    import pandapower  # noqa: PLC0415

    own, why = copy.deepcopy(net), ""
    for start in ("flat", "dc"):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"), quiet("pandapower", logging.CRITICAL):
                warnings.simplefilter("ignore")
                pandapower.runpp(own, numba=False, lightsim2grid=False, init=start, calculate_voltage_angles=False,
                                 tolerance_mva=_NET_TOLERANCE_MVA, max_iteration=_NEWTON_STEPS)
            return np.asarray(own.res_bus["vm_pu"].reindex(own.bus.index), dtype=np.float64), ""
        except pandapower.LoadflowNotConverged:
            why = "impedances or loads are impossible"
        except Exception as error:  # it raises whatever its tables make of what they hold
            why = f"{type(error).__name__}: {error!s:.200}"
    return np.full(len(net.bus), np.nan), why


def _impedance_pu(feeder: RadialFeeder) -> tuple[Floats, Floats]:
    """r and x [B-1] of the network without transformers that has the voltages v/s, s = `voltage_scale`.

    v_j = n v_i - z i divided by s_j = n s_i; the power v i* stays, so currents are multiplied by s_j and z is divided
    by its square. So an off-nominal ratio costs the engines nothing.
    """
    squared = feeder.voltage_scale[1:] ** 2
    return feeder.r_pu[1:] / squared, feeder.x_pu[1:] / squared


def _shunts_mva(feeder: RadialFeeder) -> tuple[Ints, Floats, Floats]:
    """(buses, MW and Mvar drawn at 1 pu) of shunts in the same network: y v^2 = y s^2 (v/s)^2."""
    squared = feeder.voltage_scale**2 * BASE_MVA
    # the slack's own moves no voltage, and its power is known without a flow
    at = 1 + np.flatnonzero((feeder.shunt_g_pu[1:] != 0) | (feeder.shunt_b_pu[1:] != 0))
    return at, (feeder.shunt_g_pu * squared)[at], -(feeder.shunt_b_pu * squared)[at]


def _pandapower_net(feeder: RadialFeeder) -> Any:
    """The record as a pandapower net: one load per bus except the slack, in row order."""
    import pandapower as pp  # noqa: PLC0415

    net = pp.create_empty_network(sn_mva=BASE_MVA)
    buses = pp.create_buses(net, feeder.bus_count, vn_kv=feeder.nominal_kv)
    pp.create_ext_grid(net, buses[0], vm_pu=feeder.v_slack_pu)
    z_base_ohm = feeder.nominal_kv**2 / BASE_MVA
    i_base_ka = BASE_MVA / (np.sqrt(3.0) * feeder.nominal_kv)
    r_pu, x_pu = _impedance_pu(feeder)
    pp.create_lines_from_parameters(
        net, buses[feeder.parent[1:]], buses[1:], length_km=1.0, r_ohm_per_km=r_pu * z_base_ohm,
        x_ohm_per_km=x_pu * z_base_ohm, c_nf_per_km=0.0, max_i_ka=feeder.i_max_pu[1:] * i_base_ka)
    pp.create_loads(net, buses[1:], p_mw=feeder.p_base_kw[1:] / 1e3, q_mvar=feeder.q_base_kvar[1:] / 1e3)
    for bus, p_mw, q_mvar in zip(*_shunts_mva(feeder), strict=True):
        pp.create_shunt(net, buses[bus], q_mvar=q_mvar, p_mw=p_mw)
    return net


def _lightsim_sweep(feeder: RadialFeeder) -> tuple[Any, Any]:
    """The grid, one load per bus except the slack, and its batch of cases; the sweep keeps no reference to the grid."""
    from lightsim2grid.lightsim2grid_cpp import AlgorithmType, InjectionSweepCPP, LSGrid  # noqa: PLC0415

    grid, buses = LSGrid(), np.arange(feeder.bus_count, dtype=np.int32)
    grid.set_sn_mva(BASE_MVA)
    grid.init_bus(feeder.bus_count, 1, np.full(feeder.bus_count, feeder.nominal_kv), feeder.bus_count - 1, 0)
    grid.init_powerlines(*_impedance_pu(feeder), np.zeros(feeder.bus_count - 1, dtype=np.complex128),
                         feeder.parent[1:].astype(np.int32), buses[1:])
    grid.init_loads(feeder.p_base_kw[1:] / 1e3, feeder.q_base_kvar[1:] / 1e3, buses[1:])
    at, p_mw, q_mvar = _shunts_mva(feeder)
    if at.size:
        grid.init_shunt(p_mw, q_mvar, at.astype(np.int32))
    grid.init_generators([0.0], [feeder.v_slack_pu], [-_UNLIMITED_MVAR], [_UNLIMITED_MVAR], [0])
    grid.add_gen_slackbus(0, 1.0)
    if AlgorithmType.NR_KLU in grid.available_default_algorithms():  # a faster factorisation, not in every build
        grid.change_algorithm(AlgorithmType.NR_KLU)
    return grid, InjectionSweepCPP(grid)


class TappedFeeder:
    """A feeder with each voltage that its slack may have; engines are made as they are needed."""

    def __init__(self, feeder: RadialFeeder, slack_vm_pu: Floats, engine: Engine) -> None:
        self._feeder, self._engine = feeder, engine
        self._slack_vm_pu = slack_vm_pu
        self._made: dict[int, tuple[RadialFeeder, AcEngine]] = {}

    def at(self, row: int) -> tuple[RadialFeeder, AcEngine]:
        """The feeder and its power flow at that row of voltages."""
        if row not in self._made:
            feeder = replace(self._feeder, v_slack_pu=float(self._slack_vm_pu[row]))
            self._made[row] = feeder, ac_engine(feeder, self._engine)
        return self._made[row]

    def nearest(self, slack_vm_pu: float) -> int:
        """Row of the voltage nearest to one that was measured."""
        return int(np.abs(self._slack_vm_pu - slack_vm_pu).argmin())
