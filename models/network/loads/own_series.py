"""Series that come with a net: each element names a profile, which is a share of its own power."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.network.loads.bus_loads import CONSUMPTION, GENERATION, STORAGE, GivenSeries, Series, Uses
from models.network.loads.elements import Elements
from models.records.arrays import Floats, RecordError
from models.records.feeder import RadialFeeder

KINDS = {"load": CONSUMPTION, "sgen": GENERATION, "storage": STORAGE}
"""Tables whose rows may name a profile."""
REACTIVE, ACTIVE = "_qload", "_pload"
"""What a load's profile is called with, for its two powers."""
MOST_TOLD = 20


@dataclass(frozen=True)
class OwnProfiles:
    """Profiles of a net: shares [N] by their full name, as `LoadProfile/H0-A_pload`; and where a table's are."""

    shares: Mapping[str, Floats]
    files: Mapping[str, tuple[str, ...]]
    """Of each table, in the order in which a name is looked up."""
    resolution_s: int
    repeats: bool = False
    """Days without a date; else those of a year."""
    in_kw: frozenset[str] = frozenset()
    """Full names of those that are no shares, but kW or kvar."""

    def full_name(self, table: str, column: str) -> str:
        """Empty where there is none."""
        return next((name for file in self.files[table] if (name := f"{file}/{column}") in self.shares), "")


@dataclass(frozen=True)
class _Use:
    element: int
    source: str
    p_kw: float
    q_kvar: float


def own_series(profiles: OwnProfiles, elements: Elements, feeder: RadialFeeder, first_s: int) -> GivenSeries:
    """Every element of the feeder that names a profile follows it; RecordError where the net does not have it."""
    uses, missing = list[_Use](), list[str]()
    for row in elements.rows_of(tuple(KINDS)):
        if elements.profile[row]:
            uses += (made := _uses(profiles, elements, int(row)))
            label, profile = elements.label(int(row)), elements.profile[row]
            missing += [] if made else [f"{label}: the net has no profile {profile!r:.60}"]
    if not uses and not missing:
        missing = [f"feeder {feeder.name}: no element names a profile"]
    if missing:
        raise RecordError(f"series of feeder {feeder.name}: " + "; ".join(missing[:MOST_TOLD]))
    names = list(dict.fromkeys(use.source for use in uses))
    values = np.stack([profiles.shares[name] for name in names], axis=1)
    said = np.zeros(elements.count, dtype=np.bool_)
    said[[use.element for use in uses]] = True
    series = Series(values, profiles.resolution_s, first_s, profiles.repeats)
    return GivenSeries(series, _as_uses(uses, names, elements),
                       np.zeros(feeder.bus_count, dtype=np.bool_), said, ())


def _uses(profiles: OwnProfiles, elements: Elements, row: int) -> list[_Use]:
    """Of one element: loads have a profile for each power, others one for both."""
    table, profile = elements.table[row], elements.profile[row]
    p_kw, q_kvar = float(elements.p_kw[row]), float(elements.q_kvar[row])
    if table != "load":
        name = profiles.full_name(table, profile)
        return [_Use(row, name, p_kw, q_kvar)] if name else []
    active, reactive = (profiles.full_name(table, profile + ending) for ending in (ACTIVE, REACTIVE))
    if active in profiles.in_kw:  # whose reactive profile is in kvar, or the same again at the load's power factor
        p_kw, q_kvar = 1.0, 1.0 if reactive in profiles.in_kw else q_kvar / p_kw if p_kw else 0.0
    return [_Use(row, active, p_kw, 0.0), _Use(row, reactive, 0.0, q_kvar)] if active and reactive else []


def _as_uses(uses: list[_Use], names: list[str], elements: Elements) -> Uses:
    column = {name: i for i, name in enumerate(names)}
    rows = np.array([use.element for use in uses])
    return Uses(
        label=tuple(elements.label(use.element) for use in uses), source=tuple(use.source for use in uses),
        column=np.array([column[use.source] for use in uses]), bus=elements.bus[rows],
        p_factor=np.array([use.p_kw for use in uses]), q_factor=np.array([use.q_kvar for use in uses]),
        kind=np.array([KINDS[elements.table[row]] for row in rows]))
