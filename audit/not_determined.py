"""Arrays that no rule determines, and why: what would be needed is in no file."""

from __future__ import annotations

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
"""At most ten (tests/audit/test_alterations.py)."""
WORDS = {"plan/status": "the solver's word"}
"""Texts, which no figure is made of."""
