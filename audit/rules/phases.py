"""Circuits of three phases: voltages are those at which every node draws what is booked there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audit.finding import Check, Floats, same, within
from audit.registry import rule
from audit.run import District, Run

NODE_KVA = 1e-4
"""Power at a node that is out of balance; engines stop at 1e-10 of the voltage."""
SHARE = 1e-6
TOLD_KW = 1e-6


def _circuits(run: Run) -> tuple[District, ...]:
    return tuple(d for d in run.networks if d.has_phases and d.holds("node_base_v"))


def _volts(d: District) -> Any:
    return d("v_node_re_v") + 1j * d("v_node_im_v")


def _product(d: District, prefix: str, rows: int, v: Any) -> Any:
    """[T, rows] of a matrix that the file tells by its entries, times node volts [T, node]."""
    values = d(f"{prefix}_re_s") + 1j * d(f"{prefix}_im_s")
    out = np.zeros((rows, v.shape[0]), dtype=np.complex128)
    np.add.at(out, d(f"{prefix}_row"), values[:, None] * v[:, d(f"{prefix}_node")].T)
    return out.T


def _rows(d: District, numbers: Any) -> Any:
    place = {int(number): row for row, number in enumerate(d.axes["bus"])}
    return np.array([place[int(number)] for number in numbers], dtype=int)


@rule("5.8", "v_node_re_v", "v_node_im_v", "node_is_open", "admittance_row", "admittance_node", "admittance_re_s",
      "admittance_im_s", "port_bus", "port_at", "port_share", "port_customer")
def balance_of_nodes(run: Run) -> Iterator[Check]:
    """At its voltages every node draws through the network's admittances what ports draw there."""
    for d in _circuits(run):
        v = _volts(d)
        drawn = -v * np.conj(_product(d, "admittance", v.shape[1], v)) / 1e3
        booked = np.zeros_like(drawn)
        p, q = d("load_bus_kw") + d("p_bus_kw"), d("load_bus_kvar") + d("q_bus_kvar")
        at = _rows(d, d("port_bus"))
        np.add.at(booked.T, d("port_at"), ((p + 1j * q)[:, at] * d("port_share")).T)
        off = np.where(d("node_is_open") > 0, 0.0, np.abs(drawn - booked))
        scale = 1.0 + np.abs(booked)
        yield same(f"{d.name}: power out of balance at", off / scale, 0.0, "kVA", rel=0.0, absolute=NODE_KVA,
                   names=tuple(str(name) for name in d.axes["node"]))


@rule("5.8", "current_a", "neutral_current_a", "current_row", "current_node", "current_re_s", "current_im_s",
      "conductor_line", "conductor_is_fixed")
def currents_of_phases(run: Run) -> Iterator[Check]:
    """Currents of phases, and what flows back through neutral and earth, follow from the voltages."""
    for d in _circuits(run):
        current = _product(d, "current", d("current_a").shape[1], _volts(d))
        fixed = d("conductor_is_fixed") > 0
        yield same(f"{d.name}: current of", np.where(fixed, d("current_a"), 0.0), np.where(fixed, np.abs(current), 0.0),
                   "A", rel=SHARE, absolute=1e-4, names=tuple(str(name) for name in d.axes["conductor"]))
        line = d("conductor_line")
        sums = np.zeros((d("neutral_current_a").shape[1], current.shape[0]), dtype=np.complex128)
        np.add.at(sums, line[line >= 0], current[:, line >= 0].T)
        yield same(f"{d.name}: neutral of", d("neutral_current_a"), np.abs(sums.T), "A", rel=SHARE, absolute=1e-4,
                   names=tuple(str(name) for name in d.axes["line"]))


@rule("5.8", "unbalance_percent", "three_phase_node_1", "three_phase_node_2", "three_phase_node_3")
def unbalance(run: Run) -> Iterator[Check]:
    """Unbalance is the negative over the positive sequence of a bus's voltages."""
    for d in _circuits(run):
        if not d.holds("unbalance_percent"):
            continue
        v, turn = _volts(d), np.exp(2j * np.pi / 3)
        a, b, c = (v[:, d(f"three_phase_node_{phase}")] for phase in (1, 2, 3))
        right = 100 * np.abs(a + turn**2 * b + turn * c) / np.abs(a + turn * b + turn**2 * c)
        yield same(f"{d.name}: unbalance at", d("unbalance_percent"), right, "%", rel=SHARE, absolute=1e-7,
                   names=tuple(str(name) for name in d.axes["three_phase_bus"]))


@rule("5.8", "node_x", "node_y")
def places_of_nodes(run: Run) -> Iterator[Check]:
    """The nodes of a bus stand at one place of the map."""
    for d in _circuits(run):
        if not d.holds("node_x"):
            continue
        names = np.array([str(name).rsplit(".", 1)[0] for name in d.axes["node"]])
        _, first, bus = np.unique(names, return_index=True, return_inverse=True)
        for way in ("node_x", "node_y"):
            yield same(f"{d.name}: {way} of a bus", d(way), d(way)[first][bus], "", axis="node")


@rule("5.8", "vm_pu", "line_loading_percent", "node_base_v", "conductor_rating_a", "conductor_bus", "tap_pu",
      "losses_kw", "p_slack_kw")
def rows_of_circuits(run: Run) -> Iterator[Check]:
    """A bus's loading is that of its conductor loaded most, its voltage that of a node; what is not drawn is lost; taps
    are in range."""
    for d in _circuits(run):
        with np.errstate(divide="ignore"):
            share = 100 * d("current_a") / d("conductor_rating_a")
        most = np.zeros_like(d("line_loading_percent"))
        np.maximum.at(most.T, _rows(d, d("conductor_bus")), share.T)
        yield same(f"{d.name}: loading before", d("line_loading_percent"), most, "%", rel=SHARE, absolute=1e-7,
                   names=tuple(f"bus {n}" for n in d.axes["bus"]))
        yield same(f"{d.name}: voltage of no node at", _to_nearest(d("vm_pu"), np.abs(_volts(d)) / d("node_base_v")),
                   0.0, "pu", rel=0.0, absolute=1e-9, names=tuple(f"bus {n}" for n in d.axes["bus"]))
        if d.attributes.get("is_exact"):
            drawn = (d("load_bus_kw") + d("p_bus_kw")).sum(axis=1)
            yield same(f"{d.name}: losses", d("losses_kw"), d("p_slack_kw") - drawn, "kW", rel=1e-5, absolute=1e-3)
            base = d("losses_change_mw") * 1e3
            yield same(f"{d.name}: change of losses", base, d("losses_kw") - d("losses_base_kw"), "kW", absolute=1e-6)
        if d.holds("tap_pu"):
            yield within(f"{d.name}: tap of", d("tap_pu"), 0.8, 1.2, "pu",
                         names=tuple(str(name) for name in d.axes["regulator"]))


@rule("4.16", "import_limit_kw", "export_limit_kw", "told_connection_kw")
def limits_of_customers(run: Run) -> Iterator[Check]:
    """Published limits stand for whole hours and leave something between them; where forecasts are right, what cars are
    told keeps them."""
    for d in _circuits(run):
        if not d.holds("import_limit_kw") or np.isnan(d("import_limit_kw")).all():
            continue
        names = tuple(f"bus {n}" for n in d.axes["connection"])
        most, least = d("import_limit_kw"), -d("export_limit_kw")
        hour = np.arange(run.steps) * run.step_s // 3600
        first = np.searchsorted(hour, hour)
        for word, limit in (("import", most), ("export", least)):
            yield same(f"{d.name}: {word} limit within an hour of", limit, limit[first], "kW", names=names)
        yield within(f"{d.name}: between the limits of", np.nan_to_num(most - least), 0.0, np.inf, "kW", names=names)
        if run.part("profiles")["forecast_error"] == "off":
            house = d("load_bus_kw")[:, _rows(d, d.axes["connection"])]
            yield within(f"{d.name}: told to cars at", d("told_connection_kw"),
                         np.minimum(np.nan_to_num(least - house, nan=-np.inf), 0.0),
                         np.maximum(np.nan_to_num(most - house, nan=np.inf), 0.0), "kW", absolute=TOLD_KW, names=names)


def _to_nearest(told: Floats, there: Floats) -> Floats:
    """[T, B] distance of each value to the nearest of those there [T, N]."""
    order = np.sort(there, axis=1)
    out = np.empty_like(told)
    for step in range(told.shape[0]):
        right = np.clip(np.searchsorted(order[step], told[step]), 1, order.shape[1] - 1)
        out[step] = np.minimum(np.abs(told[step] - order[step, right]), np.abs(told[step] - order[step, right - 1]))
    return out
