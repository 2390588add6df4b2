"""The rules there are: each a small function of a run, registered with the section it is written from and the arrays
that it determines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from audit.finding import Check
from audit.run import Run

RuleFunction = Callable[[Run], Iterator[Check]]


@dataclass(frozen=True)
class Rule:
    """One rule; its sentence is the first line of its function's docstring."""

    name: str
    section: str
    """Of docs/model.md."""
    determines: tuple[str, ...]
    """Arrays that cannot change without breaking it; as `p_mw`, `plan/p_mw`, `vehicle_charged_kwh`."""
    function: RuleFunction
    needs_traces: bool = False
    is_slow: bool = False
    """Left out where a run is audited in passing."""

    @property
    def sentence(self) -> str:
        return " ".join((self.function.__doc__ or "").split("\n\n")[0].split())


_RULES: dict[str, Rule] = {}


def rule(section: str, *determines: str, needs_traces: bool = False,
         is_slow: bool = False) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function under its name."""
    def register(function: RuleFunction) -> RuleFunction:
        name = function.__name__
        if name in _RULES:
            raise ValueError(f"rule {name} is there twice")
        _RULES[name] = Rule(name, section, determines, function, needs_traces, is_slow)
        return function
    return register



def registered() -> dict[str, Rule]:
    """Those whose files were imported, by name."""
    return dict(_RULES)
