"""What a circuit consists of and what a power flow of it says, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.records.arrays import Bools, Floats, Ints, RecordError

Complexes = npt.NDArray[np.complex128]
PHASES = (1, 2, 3)
NEUTRAL = 4


@dataclass(frozen=True)
class Port:
    """Where the testbed drives power: a bus and its phases."""

    bus: str
    phases: tuple[int, ...]
    """One phase, or all three (power equal in each); two: between these two."""

    def __post_init__(self) -> None:
        if not self.phases or len(set(self.phases)) != len(self.phases) or not set(self.phases) <= set(PHASES):
            raise RecordError(f"port at bus {self.bus!r}: phases={list(self.phases)} must be one of 1, 2, 3, two of "
                              "them, or all three")

    @property
    def name(self) -> str:
        """As `34.1`."""
        return ".".join([self.bus, *map(str, self.phases)])


@dataclass(frozen=True)
class Nodes:
    """Conductors at buses, in the engine's order: a node is a bus and a phase."""

    names: tuple[str, ...]
    """As `34.1`, in small letters."""
    bus_names: tuple[str, ...]
    bus: Ints
    """[node] index into `bus_names`."""
    phase: Ints
    """[node] 1, 2, 3; more: neutral or other conductors."""
    base_v: Floats
    """[node] volts to earth that are 1 pu: the bus's voltage base, over the square root of three."""
    x: Floats
    """[node] coordinates of the bus as the script gives them, in its own unit; NaN where it gives none."""
    y: Floats

    @property
    def count(self) -> int:
        return len(self.names)

    def three_phase_rows(self) -> Ints:
        """[K, 3] nodes of phases 1, 2, 3 of every bus that has them all."""
        rows = np.full((len(self.bus_names), 3), -1)
        is_phase = self.phase <= len(PHASES)
        rows[self.bus[is_phase], self.phase[is_phase] - 1] = np.flatnonzero(is_phase)
        return np.asarray(rows[(rows >= 0).all(axis=1)], dtype=np.int64)

    def row_of(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}


@dataclass(frozen=True)
class Conductors:
    """Phases of lines and of transformers' windings, one row each: where a current is told against a rating."""

    element: tuple[str, ...]
    """[C] full name, as `line.line1` or `transformer.tr1`."""
    terminal: Ints
    """[C] 1 for lines (where they begin); the winding of transformers."""
    phase: Ints
    """[C] number of the node that it leaves."""
    node: Ints
    """[C] row of that node."""
    to_node: Ints
    """[C] row of the node where a line's conductor ends; -1 for windings."""
    rating_a: Floats
    """[C] normal rating: a line's own, a winding's from kVA, kV and phases; inf where none is given."""
    is_line: Bools


@dataclass(frozen=True)
class OwnLoads:
    """Loads that the script itself has."""

    names: tuple[str, ...]
    bus: tuple[str, ...]
    phases: tuple[tuple[int, ...], ...]
    is_delta: Bools
    model: Ints
    """OpenDSS's number: 1 constant power, 2 impedance, 5 current magnitude, 8 ZIP, ..."""
    kv: Floats
    """Nominal voltage: to earth of one phase, else between phases."""
    p_kw: Floats
    q_kvar: Floats
    shape: tuple[str, ...]
    """Name of its yearly load shape, else of its daily one; empty: none."""

    def stands(self, load: int) -> str:
        """Where and how a load draws: only loads that stand alike are one power of their bus."""
        phases = "".join(map(str, self.phases[load]))
        return f"phases {phases}, {'delta' if self.is_delta[load] else 'wye'}, model {self.model[load]}"

    @property
    def count(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class ThreePhaseFlow:
    """AC power flow of N cases; a case that does not converge is NaN in every row of floats."""

    v_v: Complexes
    """[N, node] volts to earth."""
    vm_pu: Floats
    """[N, node] their magnitudes over the node's base."""
    current_a: Floats
    """[N, conductor] magnitudes."""
    neutral_a: Floats
    """[N, line] magnitudes of the sums of a line's phases, where it begins."""
    losses_kw: Floats
    """[N] of lines, transformers and elements in series."""
    p_source_kw: Floats
    """[N] drawn from the grid above."""
    q_source_kvar: Floats
    tap_pu: Floats
    """[N, regulator] after the case."""

    @property
    def is_solved(self) -> Bools:
        return np.asarray(np.isfinite(self.losses_kw), dtype=np.bool_)


def unbalance_percent(v_v: Complexes, rows: Ints) -> Floats:
    """[N, K] negative over positive sequence of voltages at three-phase buses, in percent (IEC 61000-4-30, 5.7.1).

    v_v [N, node]; rows [K, 3] as `Nodes.three_phase_rows`.
    """
    a = np.exp(2j * np.pi / 3)
    # Fortescue: the zero sequence plays no part, or a neutral's shift would count as unbalance
    phases = v_v[:, rows]
    positive, negative = phases @ np.array([1, a, a**2]), phases @ np.array([1, a**2, a])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(100 * np.abs(negative) / np.abs(positive), dtype=np.float64)
