"""The lowest customer of the European low-voltage feeder when more and more houses charge at 18:00.

    python -m experiments.feeder.three_phases -o results/three_phases

Houses draw what was measured at 18:00; some of them, drawn by seed, charge a car at 7 kW on their own phase, or on all
three in equal parts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.csv_rows import write_rows
from experiments.runs import exit_code
from models.data_tables import FOLDER
from models.network.three_phase.circuit import Circuit, circuit_from
from models.network.three_phase.records import PHASES, Port
from models.records.arrays import Floats

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

FEEDER, AT_MINUTE, CAR_KW, DRAWS = "dss:european_lv", 18 * 60, 7.0, 20
HOUSES = (0, 10, 20, 30, 40, 50, 55)
LOWEST_V = 216.2
"""British limit: 230 V less 6 %."""
ONE, THREE = "own phase", "three phases"
SHOWN = 40
"""Houses of the map."""
Rows = list[dict[str, object]]


def street(kind: str) -> Circuit:
    """The feeder with a port at every house."""
    loads = circuit_from(FEEDER).loads
    return circuit_from(FEEDER, [Port(bus, phases if kind == ONE else PHASES)
                                 for bus, phases in zip(loads.bus, loads.phases, strict=True)], drives_loads=True)


def voltages_v(circuit: Circuit, charging: Floats) -> Floats:
    """[N, node] volts to earth at 18:00; charging [N, house] 1 where a car charges."""
    loads = circuit.loads
    share = np.array([circuit.shape(name).p[AT_MINUTE] for name in loads.shape])
    house_kw, house_kvar = (np.tile(share * power, (len(charging), 1)) for power in (loads.p_kw, loads.q_kvar))
    flow = circuit.solve(CAR_KW * charging, 0.0 * charging, house_kw, house_kvar)
    return np.abs(flow.v_v)


def customers_v(circuit: Circuit, v: Floats) -> Floats:
    """[N, house] at the phase of each house's own load."""
    row = circuit.nodes.row_of()
    at = [row[f"{bus}.{phases[0]}"] for bus, phases in zip(circuit.loads.bus, circuit.loads.phases, strict=True)]
    return v[:, at]


def draws(houses: int, count: int) -> Floats:
    """[DRAWS, count] 1 at houses that charge; each seed has one order of houses."""
    order = np.stack([np.random.default_rng(seed).permutation(count) for seed in range(DRAWS)])
    return np.asarray(np.argsort(order, axis=1) < houses, dtype=np.float64)


def lowest(kind: str) -> Rows:
    """The lowest customer by number of houses that charge."""
    circuit, rows = street(kind), list[dict[str, object]]()
    for houses in HOUSES:
        v = customers_v(circuit, voltages_v(circuit, draws(houses, circuit.loads.count)))
        least = v.min(axis=1)
        rows.append({"cars": kind, "houses charging": houses,
                     "lowest customer, mean [V]": round(float(least.mean()), 2),
                     "lowest of all draws [V]": round(float(least.min()), 2),
                     "customers below 216.2 V, mean": round(float((v < LOWEST_V).sum(axis=1).mean()), 2)})
    return rows


def street_map() -> Rows:
    """Customers of the first draw with SHOWN houses charging, and lines, with coordinates in metres."""
    circuit = street(ONE)
    charging = draws(SHOWN, circuit.loads.count)[:1]
    v = voltages_v(circuit, charging)
    text = (FOLDER / "feeders" / "european_lv" / "Buscoords.txt").read_text(encoding="utf-8")
    place = {bus: (float(x), float(y)) for bus, x, y in (line.split() for line in text.splitlines() if line.strip())}
    first = place["1"]
    rows: Rows = [_at("customer", place[bus], first, phases[0], float(at))
                  for bus, phases, at in zip(circuit.loads.bus, circuit.loads.phases,
                                             customers_v(circuit, v)[0], strict=True)]
    nodes, conductors = circuit.nodes, circuit.conductors
    for i in np.flatnonzero(conductors.is_line & (conductors.phase == 1)):
        for node in (conductors.node[i], conductors.to_node[i]):
            rows.append(_at(f"line {i}", place[nodes.bus_names[nodes.bus[node]]], first, 0, float("nan")))
    return rows


def _at(what: str, place: tuple[float, float], first: tuple[float, float], phase: int, v: float) -> dict[str, object]:
    return {"what": what, "x [m]": round(place[0] - first[0], 1), "y [m]": round(place[1] - first[1], 1),
            "phase": phase, "voltage [V]": round(v, 2)}


def picture(voltages: Sequence[Mapping[str, str]], places: Sequence[Mapping[str, str]]) -> Drawing:
    """The street by its coordinates, and the lowest customer by houses charging."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - an extra

    figure = Figure(figsize=(9, 4), layout="constrained")
    street_axes, axes = figure.subplots(1, 2)
    lines = [row for row in places if row["what"].startswith("line")]
    for a, b in zip(lines[::2], lines[1::2], strict=True):
        street_axes.plot(*([float(end[f"{way} [m]"]) for end in (a, b)] for way in "xy"), color="0.7", lw=1)
    for phase, marker in zip(("1", "2", "3"), "o^s", strict=True):
        mine = [row for row in places if row["phase"] == phase]
        shown = street_axes.scatter([float(row["x [m]"]) for row in mine], [float(row["y [m]"]) for row in mine],
                                    c=[float(row["voltage [V]"]) for row in mine], cmap="viridis", vmin=210, vmax=250,
                                    marker=marker, label=f"phase {phase}", zorder=2)
    figure.colorbar(shown, ax=street_axes, label="voltage [V]")
    street_axes.legend(fontsize=8)
    street_axes.set(aspect="equal", xlabel="east [m]", ylabel="north [m]")
    for kind in (ONE, THREE):
        mine = [row for row in voltages if row["cars"] == kind]
        axes.plot([int(row["houses charging"]) for row in mine],
                  [float(row["lowest customer, mean [V]"]) for row in mine], marker="o", label=kind)
    axes.axhline(LOWEST_V, color="0.3", ls="--", lw=1, label="British limit")
    axes.set(xlabel="houses charging, of 55", ylabel="lowest customer, mean of 20 draws [V]")
    axes.legend(fontsize=8)
    return figure


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes voltages.csv and places.csv into a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    folder = parser.parse_args(arguments).output
    for name, rows in (("voltages", [*lowest(ONE), *lowest(THREE)]), ("places", street_map())):
        write_rows(list(rows[0]), [list(row.values()) for row in rows], folder / f"{name}.csv")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
