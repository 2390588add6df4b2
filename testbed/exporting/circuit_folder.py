"""A district's circuit of three phases as a folder of OpenDSS: its own script, and the run's loads and cars over time.

    Master.dss       reads the script, and has each load and all cars follow the run; a `solve` is a step
    circuit/         the script and all that it reads, as they are
    series/          a table for each load and each place with cars: kW and kvar of every step, a row each
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.network.three_phase.circuit import WIDE
from models.network.three_phase.feeder import CONSTANT_POWER, ThreePhaseFlows
from models.network.three_phase.layout import layout_of
from models.records.arrays import Floats, Ints, RecordError
from models.records.feeder import ThreePhaseFeeder
from testbed.results.layout import ResultError
from testbed.results.reading import Result
from testbed.scenario.parts.district import District
from testbed.setup.networks.feeders import build_feeder
from testbed.wiring.whole_files import write_whole

MASTER, SCRIPTS, SERIES = "Master.dss", "circuit", "series"
SAME_S = 1e-9
"""Relative difference of admittances, at most, of the script that the run had."""


@dataclass(frozen=True)
class Follower:
    """A load of the folder that follows a table."""

    name: str
    line: str
    """What makes or changes it, without its table."""
    p_kw: Floats
    """[time]"""
    q_kvar: Floats


def write_circuit(result: Result, district: str, folder: Path) -> None:
    """The folder. ResultError for a district that is not there or has no such circuit, where its script is no longer
    the one that the run had, and where the folder is that of the script.
    """
    flows = flows_in(result, district)
    _refuse_own(flows, folder)
    master = flows.circuit.master.resolve()
    for file in flows.circuit.files:
        _write(folder / SCRIPTS / file.resolve().relative_to(master.parent), file.read_bytes())
    followers = [*_own_loads(result, district, flows), *_cars(result, district, flows)]
    for follower in followers:
        rows = (f"{p:.12g},{q:.12g}\n" for p, q in zip(follower.p_kw, follower.q_kvar, strict=True))
        _write(folder / SERIES / f"{follower.name}.csv", "".join(rows).encode())
    _write(folder / MASTER, "\n".join([*_head(result, district, master.name, flows.feeder),
                                       *(line for follower in followers for line in _following(follower, result)),
                                       *_end(result)]).encode())


def flows_in(result: Result, district: str) -> ThreePhaseFlows:
    """The district's circuit, made anew from the script that its scenario names."""
    if not result.has_network(district):
        raise ResultError(f"{result.path}: district {district} has no network")
    if not result.holds(district, "node_base_v"):
        raise ResultError(f"{result.path}: district {district} is no circuit of OpenDSS; --pandapower writes its net")
    described = next(entry for entry in result.scenario["districts"] if entry["name"] == district)
    try:
        feeder = build_feeder(District.model_validate(described))
    except (RecordError, OSError) as error:
        raise ResultError(f"{result.path}: the circuit of {district} cannot be read any more: {error}") from error
    assert isinstance(feeder, ThreePhaseFeeder)
    flows = ThreePhaseFlows(feeder)
    _check_same(result, district, flows)
    return flows


def _refuse_own(flows: ThreePhaseFlows, folder: Path) -> None:
    """What the script reads is never written over."""
    ours = [folder.resolve() / part for part in (MASTER, SCRIPTS, SERIES)]
    for file in (file.resolve() for file in flows.circuit.files):
        if any(file.is_relative_to(part) for part in ours):
            raise ResultError(f"{folder}: {file} there belongs to the circuit of the run and would be written over; "
                              "choose another folder with -o")


def _check_same(result: Result, district: str, flows: ThreePhaseFlows) -> None:
    now = layout_of(flows)
    names = [str(name) for name in result.district(district, "node")]
    is_same = names == now.axes["node"]
    for part in ("admittance_re_s", "admittance_im_s") if is_same else ():
        then, values = result.district(district, part), now.arrays[part].values
        is_same &= then.shape == values.shape and np.allclose(then, values, rtol=SAME_S, atol=0.0)
    if not is_same:
        raise ResultError(f"{result.path}: {flows.circuit.master} is no longer the circuit that the run had")


def _own_loads(result: Result, district: str, flows: ThreePhaseFlows) -> Iterator[Follower]:
    """The script's own loads: their shares of what their bus draws without cars."""
    loads, row = flows.circuit.loads, flows.load_row
    p_kw, q_kvar = (result.district(district, name)[:, row] * _shares(own, row)
                    for name, own in (("load_bus_kw", loads.p_kw), ("load_bus_kvar", loads.q_kvar)))
    for i, (name, model) in enumerate(zip(loads.names, loads.model, strict=True)):
        wide = f" {WIDE}" if model == CONSTANT_POWER else ""
        yield Follower(f"load_{i}", f"edit load.{name} status=variable{wide}", p_kw[:, i], q_kvar[:, i])


def _shares(own: Floats, row: Ints) -> Floats:
    """[load] of the power at its row; 0 where loads sum to nothing."""
    total = np.bincount(row, own)[row]
    return np.divide(own, total, out=np.zeros_like(own), where=total != 0)


def _cars(result: Result, district: str, flows: ThreePhaseFlows) -> Iterator[Follower]:
    """A load at each port, which the cars there draw."""
    p_kw, q_kvar = (result.district(district, name)[:, flows.port_rows] for name in ("p_bus_kw", "q_bus_kvar"))
    for i, port in enumerate(flows.circuit.ports):
        if np.any(p_kw[:, i]) or np.any(q_kvar[:, i]):
            name = f"cars_{i}"
            yield Follower(name, flows.circuit.load_at(port, name), p_kw[:, i], q_kvar[:, i])


def _head(result: Result, district: str, script: str, feeder: ThreePhaseFeeder) -> list[str]:
    source = [] if feeder.source_pu is None else [f"edit vsource.source pu={feeder.source_pu!r}"]
    return [f"! {result.scenario_name}, district {district}, {result.controller}, seed {result.seed}: the circuit with "
            "the loads and cars of the run.",
            f"! Each `solve` is a step of {result.step_s} s, the first one counted 00:00. Regulators and switched "
            "capacitors go on from step to step;",
            "! in the run each step begins where the script leaves them.",
            "clear", f"redirect {SCRIPTS}/{script}", *source]


def _following(follower: Follower, result: Result) -> tuple[str, str]:
    shape = f"run_{follower.name}"
    return (f"new loadshape.{shape} npts={result.steps_written} sinterval={result.step_s} useactual=yes "
            f"pqcsvfile={SERIES}/{follower.name}.csv", f"{follower.line} daily={shape} yearly={shape}")


def _end(result: Result) -> list[str]:
    return [f"set mode=daily stepsize={result.step_s}s number=1 hour=0 sec=0",
            "set tolerance=1e-9 maxiterations=200", ""]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
