"""Tap changers: where they stand, and that they move when their voltage has been outside the band for long enough."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from audit.finding import Check, Floats, holds, same
from audit.network import Tree, loads_taken, slack_vm_pu, tree_of
from audit.registry import rule
from audit.run import District, Run


@rule("5.4", "tap_position", "tap_slack_vm_pu")
def tap_changers(run: Run) -> Iterator[Check]:
    """A tap changer has one of its positions, and moves step by step as its band and its delay say; without one the
    position is 0."""
    for d in run.networks if run.schema >= 2 and run.steps else ():
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
    outside_s: tuple[float, ...] = (0.0, float(d.attributes["tap_delay_s"]) - 1e-9)
    for step in range(run.steps):
        voltage = partial(_vm_pu, d, tree, p[step], q[step], bus, {int(before[step]): float(unmoved[step])})
        # what was waited before the first step is not in the file: both ends of what it may be are followed
        ends = {_after(d, int(before[step]), waited, run.step_s, voltage) for waited in outside_s}
        kept = {waited for row, waited in ends if row == rows[step]}
        right[step] = bool(kept) or step == 0
        outside_s = tuple(kept) or (0.0,)
    return right


def _vm_pu(d: District, tree: Tree, p_kw: Floats, q_kvar: Floats, bus: int, known: dict[int, float], row: int) -> float:
    if row not in known:
        flow = tree.at(d("tap_slack_vm_pu")[row : row + 1]).flow(p_kw[None], q_kvar[None])
        known[row] = float(flow.vm_pu[0, bus])
    return known[row]


def _after(d: District, row: int, waited_s: float, step_s: float, voltage: partial[float]) -> tuple[int, float]:
    """(row, seconds outside the band) after a step."""
    target, width, delay = (float(d.attributes[f"tap_{name}"]) for name in ("target_pu", "dead_band_pu", "delay_s"))
    last, left_s = len(d.axes["tap"]) - 1, float(step_s)
    for _ in range(last + 1):
        miss = target - voltage(row)
        way = int(np.sign(miss)) if abs(miss) > width / 2 and 0 <= row + np.sign(miss) <= last else 0
        if not way:
            return row, 0.0
        if delay - waited_s > left_s:
            return row, waited_s + left_s
        row, left_s, waited_s = row + way, left_s - (delay - waited_s), 0.0
    return row, waited_s
