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


# ---------------------------------------------------------------- what no rule determines
NOT_DETERMINED: dict[str, str] = {
    "delivery_quantile": "what was learned of drivers in all stays before, warm-up included; bounded to 0..1, and the "
                         "reserve rule feels it where reserve is missing",
    "learned_compliance_mean": "as `delivery_quantile`",
    "reserve_credit_mw": "hangs on declared departures and on what drivers want; bounded by phi and the cars' chargers",
    "expected_objective_usd": "a re-dispatch is not in the file; held to the plan's as that is made",
    "p_plan_bus_kw": "what the layer expects of cars that may leave within the step; held where nobody parks",
    "disaggregation_loss_kwh": "hangs on declared departures by car; bounded by the targets' energy at hours' ends",
    "model_mismatch_kwh": "hangs on where in each step a car's taper begins",
    "relaxation_gap_rel": "a diagnosis that decides nothing; the AC replay judges",
    "spatial_repaired": "how an answer was come by; held to be a decision's, and none that fell back",
    "vehicle_age_years": "drawn by the seed; bounded by the scenario",
}
"""Arrays that no rule determines, and why: what would be needed is in no file. At most ten
(tests/audit/test_alterations.py)."""
WORDS = {"plan/status": "the solver's word"}
"""Texts, which no figure is made of."""
