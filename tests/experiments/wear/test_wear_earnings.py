"""Means per car."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.wear import earnings as wear_earnings


def owner(tariff: float, stored: float) -> Any:
    tariffs, none = np.array([tariff, tariff + 2.0]), np.zeros(2)
    return SimpleNamespace(tariff_usd=tariffs, wear_usd=none, shortfall_usd=none, stored_usd=np.full(2, stored),
                           net_usd=tariffs - stored, sold_kwh=np.array([1.0, 2.0]))


def test_a_row_has_means_and_energy_gained_as_a_negative_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wear_earnings, "worse_off_private", lambda own, base: 0.25)
    base, v2g = wear_earnings.earnings_rows("s", {"base": owner(1.0, 0.0), "v2g": owner(0.0, 0.5)}, "base")
    assert base == ("s", "base", "2.0000", "0.0000", "0.0000", "0.0000", "2.0000", "", "1.500")
    assert v2g == ("s", "v2g", "1.0000", "0.0000", "0.0000", "-0.5000", "0.5000", "0.2500", "1.500")
    assert len(v2g) == len(wear_earnings.EARNINGS_HEAD)
