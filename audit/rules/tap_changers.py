"""Tap changers: where they stand, and that they move when their voltage has been outside the band for long enough."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from audit.finding import Check, Floats, holds, same
from audit.network import Tree, loads_taken, slack_vm_pu, tree_of
from audit.registry import rule
from audit.run import District, Run

LESS_S = 1e-9
"""What was waited is less than the delay, by this at least."""
Span = tuple[float, float]


@rule("5.4", "tap_position", "tap_slack_vm_pu")
def tap_changers(run: Run) -> Iterator[Check]:
    """A tap changer has one of its positions, and moves step by step as its band and its delay say; without one the
    position is 0."""
    for d in run.networks if run.schema >= 2 else ():
        if not d.holds("tap_position"):
            continue
        if not d.holds("tap_slack_vm_pu"):
            yield same(f"{d.name}: position without a tap changer", d("tap_position"), 0.0, "")
            continue
        yield same(f"{d.name}: voltage of the slack", d("vm_pu")[:, 0], slack_vm_pu(d), "pu")
        known = np.isin(d("tap_position"), d.axes["tap"])
        yield holds(f"{d.name}: position of the tap changer", known)
        rising = np.diff(d("tap_slack_vm_pu")) > 0
        yield holds(f"{d.name}: voltages of positions rise", rising, axis="position")
        if known.all() and rising.all():
            yield holds(f"{d.name}: moves of the tap changer", _moves_as_said(run, d))


def _moves_as_said(run: Run, d: District) -> Floats:
    """[T] 1 where the position is what the one before and the voltages since make of it."""
    rows = np.searchsorted(d.axes["tap"], d("tap_position")) if np.all(np.diff(d.axes["tap"]) > 0) else np.array(
        [list(d.axes["tap"]).index(number) for number in d("tap_position")])
    tree, (p, q) = tree_of(d), loads_taken(d)
    p, q = p + d("p_bus_kw"), q + d("q_bus_kvar")
    bus = list(d.axes["bus"]).index(d.attributes["tap_bus"])
    before = np.r_[rows[:1], rows[:-1]]
    unmoved = tree.at(d("tap_slack_vm_pu")[before]).flow(p, q).vm_pu[:, bus]
    right = np.ones(run.steps)
    # what was waited before the first step is not in the file, nor whether it moved within that step
    waited_s = unknown_s = 0.0, float(d.attributes["tap_delay_s"]) - LESS_S
    for step in range(run.steps):
        voltage = partial(_vm_pu, d, tree, p[step], q[step], bus, {int(before[step]): float(unmoved[step])})
        ends = _after(d, int(before[step]), waited_s, run.step_s if step else 0.0, voltage)
        right[step] = int(rows[step]) in ends
        waited_s = ends.get(int(rows[step]), unknown_s)
    return right


def _vm_pu(d: District, tree: Tree, p_kw: Floats, q_kvar: Floats, bus: int, known: dict[int, float], row: int) -> float:
    if row not in known:
        flow = tree.at(d("tap_slack_vm_pu")[row : row + 1]).flow(p_kw[None], q_kvar[None])
        known[row] = float(flow.vm_pu[0, bus])
    return known[row]


def _after(d: District, row: int, waited_s: Span, step_s: float, voltage: partial[float]) -> dict[int, Span]:
    """{row: (least, most) seconds outside the band} where it may be after a step, of all that it may have waited."""
    target, width, delay_s = (float(d.attributes[f"tap_{name}"]) for name in ("target_pu", "dead_band_pu", "delay_s"))
    last, ends = len(d.axes["tap"]) - 1, dict[int, Span]()
    least_s, most_s = (waited + step_s for waited in waited_s)
    for _ in range(last + 1):
        miss = target - voltage(row)
        way = int(np.sign(miss)) if abs(miss) > width / 2 and 0 <= row + np.sign(miss) <= last else 0
        if not way:
            return {**ends, row: (0.0, 0.0)}
        if least_s < delay_s:
            ends[row] = least_s, min(most_s, delay_s - LESS_S)
        if most_s < delay_s:
            return ends
        row, least_s, most_s = row + way, max(least_s - delay_s, 0.0), max(most_s - delay_s, 0.0)
    return {**ends, row: (0.0, 0.0)}
