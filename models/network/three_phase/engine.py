"""OpenDSS by OpenDSSDirect.py, one engine for each circuit (docs/decisions/0042-opendss.md).

Engines of several circuits live beside each other in a process and share nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.network.three_phase.options import check_options
from models.network.three_phase.screening import screened
from models.records.arrays import Floats, Ints, RecordError

TOLERANCE = 1e-10
"""Largest change of a node voltage (relative) in the last iteration."""
MOST_ITERATIONS = 200
MOST_CONTROL_ITERATIONS = 200
_KEEP_ADMITTANCE = 2
"""The engine's flag for setting powers of loads without building its matrix anew (SetterFlags_AvoidFullRecalc)."""
SNAPSHOT, CONTROLS_STATIC, CONTROLS_OFF = 0, 0, -1
OFF = "off"


class Engine:
    """A compiled circuit."""

    def __init__(self, master: Path, changes: Sequence[str] = ()) -> None:
        """changes: lines of OpenDSS after the script's.

        RecordError: not installed, not allowed (`screening.py`), or not understood by OpenDSS.
        """
        self.files = screened(master).files
        self._direct = _new_context()
        self.dss: Any = self._direct.to_dss_python()
        self.dss.AllowEditor = False
        self.dss.AllowChangeDir = False
        self.dss.AllowDOScmd = False
        try:
            self.dss.Text.Command = f'compile "{master.resolve()}"'
        except Exception as error:
            raise RecordError(f"feeder {master}: OpenDSS does not understand it: {error}") from error
        if not self.dss.NumCircuits:
            raise RecordError(f"feeder {master}: makes no circuit")
        check_options(self.dss.Text, master)
        self.control_mode = self.told("controlmode", of="get").lower()
        """As the script sets it; where it is `off`, regulators and switched capacitors stay as they are."""
        for change in changes:
            self.command(change)
        self.circuit: Any = self.dss.ActiveCircuit
        self.solution: Any = self.circuit.Solution
        self.solution.Mode = SNAPSHOT
        self.solution.Tolerance = TOLERANCE
        self.solution.MaxIterations = MOST_ITERATIONS
        self.solution.MaxControlIterations = MOST_CONTROL_ITERATIONS
        self._read_loads()

    def command(self, text: str) -> None:
        """One line of OpenDSS."""
        self.dss.Text.Command = text

    def told(self, name: str, of: str = "?") -> str:
        """A property (of: `?`) of an element, as `load.house.kw`, or an option (`get`), in the engine's words."""
        self.command(f"{of} {name}")
        return str(self.dss.Text.Result)

    def add_loads(self, commands: list[str]) -> None:
        """`new load...`, one line each."""
        for command in commands:
            self.command(command)
        self._read_loads()

    def set_loads(self, p_kw: Floats, q_kvar: Floats) -> None:
        """Powers of all loads that are in use [load], in the order in which they were made."""
        batch, count = self._loads
        for name, values in ((b"kw", p_kw), (b"kvar", q_kvar)):
            every = np.zeros(count)
            every[self._in_use] = values
            given = self._direct.dss_ffi.from_buffer("double[]", every)
            if count:
                self._direct.dss_lib.Batch_Float64ArrayS(batch[0], count, name, 0, given, _KEEP_ADMITTANCE)

    def solve(self, is_free: bool) -> bool:
        """One power flow, with controls acting (where the script lets them) or not; whether it converged."""
        acts = is_free and self.control_mode != OFF
        self.solution.ControlMode = CONTROLS_STATIC if acts else CONTROLS_OFF
        self.dss.YMatrix.SolutionInitialized = False  # from no load, whatever was solved before
        try:
            self.solution.Solve()
        except Exception:  # of whatever did not converge: iterations, controls, a singular matrix
            return False
        return bool(self.solution.Converged)

    def build(self) -> None:
        """The engine's matrix anew, whole, with the loads that are set."""
        self.dss.YMatrix.SystemYChanged = True
        self.solve(is_free=False)

    def node_volts(self) -> Any:
        """Complex volts to earth [node], in the engine's order."""
        return np.asarray(self.circuit.YNodeVarray, dtype=np.float64).reshape(-1).view(np.complex128).copy()

    def element(self, name: str) -> Any:
        """The element of that full name."""
        self.circuit.SetActiveElement(name)
        return self.circuit.ActiveCktElement

    def node_reference(self, name: str) -> Ints:
        """Nodes of an element's conductors [terminal x conductor], from 0; -1 is earth."""
        self.circuit.SetActiveElement(name)
        return np.asarray(self._direct.CktElement.NodeRef(), dtype=np.int64) - 1

    def _read_loads(self) -> None:
        self._loads = self._batch("load")
        loads = self.circuit.Loads
        names = [str(name) for name in loads.AllNames] if loads.Count else []
        is_used = np.array([bool(self.element(f"load.{name}").Enabled) for name in names], dtype=np.bool_)
        self._in_use = np.flatnonzero(is_used)
        self.load_names = tuple(name for name, used in zip(names, is_used, strict=True) if used)
        """Of loads that are in use, in the order in which they were made; ones that the script disables are not."""

    def _batch(self, of_class: str) -> tuple[Any, int]:
        pointer, size = self._direct.dss_ffi.new("void***"), self._direct.dss_ffi.new("int32_t[4]")
        self._direct.dss_lib.Batch_CreateByClassS(pointer, size, of_class.encode())
        return pointer, int(size[0])


def _new_context() -> Any:
    try:
        from opendssdirect import dss  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise RecordError("feeders of OpenDSS need OpenDSSDirect.py; install the extra three-phase") from error
    return dss.NewContext()
