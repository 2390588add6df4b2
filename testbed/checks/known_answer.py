"""One known answer: what is expected, what came out, and by how much it may differ."""

from __future__ import annotations

from dataclasses import dataclass

Value = float | str | tuple[int, ...]


@dataclass(frozen=True)
class Check:
    """One known answer and what came out."""

    name: str
    expected: Value
    got: Value
    tolerance: float
    """Largest allowed absolute difference; 0 for words and lists, which must be equal."""
    source: str
    passed: bool

    def to_json(self) -> dict[str, object]:
        """Plain data; lists for the tuples, None for a number that is not finite."""
        return {"name": self.name, "expected": _plain(self.expected), "got": _plain(self.got),
                "tolerance": self.tolerance, "source": self.source, "passed": self.passed}


def near(name: str, expected: float, got: float, tolerance: float, source: str) -> Check:
    """Passed if `got` is within `tolerance` of `expected` (NaN is not)."""
    return Check(name, expected, float(got), tolerance, source, abs(float(got) - expected) <= tolerance)


def at_most(name: str, got: float, limit: float, source: str) -> Check:
    """Passed if 0 <= `got` <= `limit`: an error against its allowance (NaN is not)."""
    return Check(name, 0.0, float(got), limit, source, 0.0 <= float(got) <= limit)


def equal(name: str, expected: Value, got: Value, source: str) -> Check:
    """Passed if both are the same."""
    return Check(name, expected, got, 0.0, source, got == expected)


def _plain(value: Value) -> object:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
