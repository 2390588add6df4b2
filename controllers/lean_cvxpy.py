"""cvxpy without `scipy.stats`, of which a run uses nothing: a third of a second of every command that plans."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

STATS, ENTROPY_USER = "scipy.stats", "cvxpy.atoms.quantum_rel_entr"
"""cvxpy loads the whole of the first for one function that the second calls in one of its atoms' values."""


def _entropy(*arguments: Any, **named: Any) -> Any:
    return importlib.import_module(STATS).entropy(*arguments, **named)


@contextmanager
def _only_entropy() -> Iterator[None]:
    """`scipy.stats` within: a module with nothing but `entropy`, which loads the real one when it is called."""
    standing_in: Any = ModuleType(STATS)
    standing_in.entropy = _entropy
    sys.modules[STATS] = standing_in
    try:
        yield
    finally:
        sys.modules.pop(STATS, None)


class _LeanLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        try:
            with _only_entropy():
                super().exec_module(module)
        except (ImportError, AttributeError):  # another version that uses more of it
            super().exec_module(module)


class _LeanFinder:
    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != ENTROPY_USER or STATS in sys.modules:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _LeanLoader(name, spec.origin)
        return spec


def put_off_stats() -> None:
    """From here on cvxpy does not load `scipy.stats`; all other code does as before."""
    if _LeanFinder not in sys.meta_path:
        sys.meta_path.insert(0, _LeanFinder)
