"""The European low-voltage feeder over its measured day, against power-grid-model."""

import re
from pathlib import Path

import numpy as np
import pytest

from models.data_tables import FOLDER
from models.network.three_phase.circuit import circuit_from

pytest.importorskip("opendssdirect")
pgm = pytest.importorskip("power_grid_model")
LV = FOLDER / "feeders" / "european_lv"
STEPS = np.arange(0, 1440, 15)


def rows_of(file: Path) -> list[dict[str, str]]:
    """Named values of each `new` line."""
    return [{name.lower(): value for name, value in re.findall(r"(\w+)=(\S+)", line)} | {"name": line.split()[1]}
            for line in file.read_text().splitlines() if line.lower().startswith("new")]


def model_and_loads():
    """The feeder written once more from its files, and the order of its loads."""
    codes = {row["name"].split(".", 1)[1].lower(): row for row in rows_of(LV / "LineCode.txt")}
    lines, loads = rows_of(LV / "Lines.txt"), rows_of(LV / "Loads.txt")
    buses = sorted({int(row[end].split(".")[0]) for row in lines for end in ("bus1", "bus2")})
    row_of = {bus: i + 1 for i, bus in enumerate(buses)}
    node = pgm.initialize_array("input", "node", len(buses) + 1)
    node["id"], node["u_rated"] = np.arange(len(buses) + 1), [11e3, *[416.0] * len(buses)]
    line = pgm.initialize_array("input", "line", len(lines))
    line["id"] = 10_000 + np.arange(len(lines))
    line["from_node"], line["to_node"] = ([row_of[int(row[end].split(".")[0])] for row in lines]
                                          for end in ("bus1", "bus2"))
    line["from_status"] = line["to_status"] = 1
    for name, key in (("r1", "r1"), ("x1", "x1"), ("r0", "r0"), ("x0", "x0")):
        line[name] = [float(codes[row["linecode"].lower()][key]) * float(row["length"]) / 1e3 for row in lines]
    line["c1"] = line["c0"] = line["tan1"] = line["tan0"] = 0.0
    load = pgm.initialize_array("input", "asym_load", len(loads))
    load["id"] = 20_000 + np.arange(len(loads))
    load["node"] = [row_of[int(row["bus1"].split(".")[0])] for row in loads]
    load["status"], load["type"], load["p_specified"], load["q_specified"] = 1, 0, 0.0, 0.0
    source = pgm.initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"], source["u_ref"] = 30_000, 0, 1, 1.05
    source["sk"], source["rx_ratio"], source["z01_ratio"] = np.sqrt(3) * 11e3 * 3000.0, 0.25, 1.0
    transformer = pgm.initialize_array("input", "transformer", 1)
    for name, value in {"id": 40_000, "from_node": 0, "to_node": row_of[1], "from_status": 1, "to_status": 1,
                        "u1": 11e3, "u2": 416.0, "sn": 800e3, "uk": np.hypot(0.04, 0.004), "pk": 3200.0, "i0": 0.0,
                        "p0": 0.0, "winding_from": 2, "winding_to": 1, "clock": 11, "tap_side": 0, "tap_pos": 0,
                        "tap_min": 0, "tap_max": 0, "tap_size": 0.0}.items():
        transformer[name] = value
    model = pgm.PowerGridModel({"node": node, "line": line, "asym_load": load, "source": source,
                                "transformer": transformer}, system_frequency=50.0)
    return model, [int(row["bus1"].split(".")[1]) - 1 for row in loads], buses


@pytest.mark.slow
def test_voltages_of_the_measured_day_are_those_of_a_second_engine():
    circuit = circuit_from("dss:european_lv", drives_loads=True)
    shapes = np.array([circuit.shape(name).p[STEPS] for name in circuit.loads.shape]).T
    p_kw, q_kvar = shapes * circuit.loads.p_kw, shapes * circuit.loads.q_kvar
    none = np.zeros((STEPS.size, 0))
    flow = circuit.solve(none, none, p_kw, q_kvar)
    model, phase, buses = model_and_loads()
    change = pgm.initialize_array("update", "asym_load", p_kw.shape)
    change["id"] = 20_000 + np.arange(len(phase))
    change["p_specified"] = change["q_specified"] = 0.0
    for i, at in enumerate(phase):
        change["p_specified"][:, i, at], change["q_specified"][:, i, at] = p_kw[:, i] * 1e3, q_kvar[:, i] * 1e3
    answer = model.calculate_power_flow(update_data={"asym_load": change}, symmetric=False, error_tolerance=1e-10,
                                        max_iterations=50)
    row = circuit.nodes.row_of()
    mine = flow.vm_pu[:, [row[f"{bus}.{at}"] for bus in buses for at in (1, 2, 3)]]
    theirs = answer["node"]["u_pu"][:, 1:, :].reshape(STEPS.size, -1)
    assert np.abs(mine - theirs).max() < 1e-4
