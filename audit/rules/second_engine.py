"""AC power flow of every network once more, by an engine of other people: power-grid-model."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np

from audit.finding import Check, Floats, outside, same
from audit.network import loads_taken, slack_vm_pu, tree_of
from audit.registry import rule
from audit.run import District, Run

VM_PU = 1e-7
STIFF_VA = 1e40
"""Short-circuit power of the source: it holds its voltage."""
BATCH = 2000


@rule("5.4", "vm_pu", is_slow=True)
def ac_by_power_grid_model(run: Run) -> Iterator[Check]:
    """power-grid-model finds the same voltages; not held where it is not installed (extra `audit`)."""
    if find_spec("power_grid_model") is None or run.schema < 2:
        return
    count = run.steps if run.sample is None else min(run.sample, run.steps)
    steps = np.unique(np.linspace(0, run.steps - 1, count).astype(int))
    for d in run.balanced:
        p, q = loads_taken(d)
        slack = slack_vm_pu(d)
        p, q = p + d("p_bus_kw"), q + d("q_bus_kvar")
        vm = np.concatenate([voltages_pu(d, p[rows], q[rows], slack[rows])
                             for rows in np.array_split(steps, max(steps.size // BATCH, 1))])
        error = np.zeros((run.steps, vm.shape[1]))
        error[steps] = d("vm_pu")[steps] - vm
        held = same(f"{d.name}: voltage by power-grid-model at", error, 0.0, "pu", names=d.buses, rel=0.0,
                    absolute=VM_PU)
        yield from outside(iter([held]), run.told_by("feeder", d.name))


def voltages_pu(d: District, p_kw: Floats, q_kvar: Floats, slack_pu: Floats) -> Floats:
    """[N, B] for loads [N, B] and voltages of the slack [N].

    On one voltage level without transformers, as the tree has it.
    """
    from power_grid_model import PowerGridModel, initialize_array  # noqa: PLC0415

    tree, volt = tree_of(d), 1e3 * float(d.attributes["nominal_kv"])
    base_ohm = volt**2 / 1e6
    model = PowerGridModel(_grid(tree.parent, tree.z_scaled * base_ohm, tree.y_scaled / base_ohm, volt))
    change = initialize_array("update", "sym_load", p_kw.shape)
    change["id"] = 2 * p_kw.shape[1] + np.arange(p_kw.shape[1])
    change["p_specified"], change["q_specified"] = p_kw * 1e3, q_kvar * 1e3
    held = initialize_array("update", "source", (slack_pu.size, 1))
    held["id"], held["u_ref"] = 3 * p_kw.shape[1], slack_pu[:, None]
    answer: Any = model.calculate_power_flow(update_data={"sym_load": change, "source": held}, error_tolerance=1e-12,
                                             max_iterations=50, threading=-1)
    return np.asarray(answer["node"]["u_pu"], dtype=np.float64) * tree.scale


def _grid(parent: Any, z_ohm: Any, y_siemens: Any, volt: float) -> dict[str, Any]:
    """Nodes 0.., lines B.., loads 2 B.., the source, and shunts after it."""
    from power_grid_model import initialize_array  # noqa: PLC0415

    count = parent.size
    node, line = initialize_array("input", "node", count), initialize_array("input", "line", count - 1)
    load, source = initialize_array("input", "sym_load", count), initialize_array("input", "source", 1)
    node["id"], node["u_rated"] = np.arange(count), volt
    line["id"], line["from_node"], line["to_node"] = count + np.arange(1, count), parent[1:], np.arange(1, count)
    line["from_status"] = line["to_status"] = 1
    line["r1"], line["x1"], line["c1"], line["tan1"] = z_ohm[1:].real, z_ohm[1:].imag, 0.0, 0.0
    load["id"], load["node"], load["status"], load["type"] = 2 * count + np.arange(count), np.arange(count), 1, 0
    load["p_specified"] = load["q_specified"] = 0.0
    source["id"], source["node"], source["status"], source["u_ref"], source["sk"] = 3 * count, 0, 1, 1.0, STIFF_VA
    shunt = initialize_array("input", "shunt", count)
    shunt["id"], shunt["node"], shunt["status"] = 3 * count + 1 + np.arange(count), np.arange(count), 1
    shunt["g1"], shunt["b1"] = y_siemens.real, y_siemens.imag
    return {"node": node, "line": line, "sym_load": load, "source": source, "shunt": shunt}
