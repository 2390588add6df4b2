"""Who makes up for cars that take more than planned: differences of paired seeds."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.published.system import total_kept as published


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ledgers of two seeds for each setting, in place of their results."""
    monkeypatch.setattr(published, "compute_metrics", lambda usd: dict.fromkeys(published.LEDGERS.values(), usd))
    return {published.ALONE: [100.0, 300.0], published.IN_SUM: [130.0, 310.0], published.BY_CHARGING: [90.0, 250.0]}


def test_differences_are_paired_seed_by_seed(found: Any) -> None:
    rows = {(row["setting"], row["less"]): row for row in published.paired("day", found) if row["ledger"] == "owners"}
    more = rows[published.IN_SUM, published.ALONE]
    assert float(more["usd"]) == pytest.approx(20.0)
    assert float(more["ci95_usd"]) == pytest.approx(12.7062 * 10.0, rel=1e-4), "Student's t of one degree of freedom"
    assert float(rows[published.IN_SUM, published.BY_CHARGING]["usd"]) == pytest.approx(50.0)


def test_one_seed_has_no_interval(found: Any) -> None:
    row, *_ = published.paired("day", {setting: values[:1] for setting, values in found.items()})
    assert row["seeds"] == "1" and row["ci95_usd"] == ""
    assert published.differences([row]).splitlines()[-1].count("±") == 0
