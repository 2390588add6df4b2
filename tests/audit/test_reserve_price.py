"""What missing reserve costs by each kind of curve: integrals for the head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.finding import AuditError
from audit.reserve_price import curve_of, shortfall_usd_per_h
from audit.run import Run
from tests.audit.made import run


def priced(kind: str, steps: dict[str, Any] | None = None) -> Run:
    return run(system={"reserve_curve": kind, "shed_usd_per_mwh": 3000.0, "reserve_shortfall_usd_per_mwh": 500.0,
                       "reserve_steps": steps})


@pytest.mark.parametrize(("of", "missing_mw", "usd_per_h"), [
    (priced("flat"), [0.0, 10.0, 100.0], [0.0, 5_000.0, 50_000.0]),
    # of 100 MW the first 4 cost 200 $/MWh, up to 96 1,100, the rest what shed load costs
    (priced("stepped"), [2.0, 4.0, 50.0, 98.0], [400.0, 800.0, 800.0 + 46 * 1100.0, 800.0 + 92 * 1100.0 + 6000.0]),
    (priced("own", {"usd_per_mwh": [100.0, 300.0], "missing_share": [0.0, 0.2]}), [10.0, 30.0], [1000.0, 5000.0]),
    (priced("own", {"usd_per_mwh": [100.0]}), [10.0, 100.0], [1000.0, 10_000.0]),
    # held up to 70 % the dear price, then the cheap one: the first 30 missing MW are cheap
    (priced("own", {"usd_per_mwh": [900.0, 50.0], "held_share": [0.0, 0.7]}), [30.0, 40.0], [1500.0, 10_500.0])])
def test_missing_reserve_costs_the_integral_of_its_curve(of: Run, missing_mw: list[float], usd_per_h: list[float]
                                                         ) -> None:
    required = np.full(len(missing_mw), 100.0)
    assert shortfall_usd_per_h(of, np.array(missing_mw), required) == pytest.approx(usd_per_h)


@pytest.mark.parametrize(("kind", "steps"), [("steep", {"usd_per_mwh": [1.0]}), ("own", None), ("own", {})])
def test_a_curve_that_is_not_known_is_named(kind: str, steps: dict[str, Any] | None) -> None:
    with pytest.raises(AuditError, match=rf"^system\.reserve_curve='{kind}': no curve that is known$"):
        curve_of(priced(kind, steps))
