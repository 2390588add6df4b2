"""What a day leaves owners under several prices of wear: means per car, from their statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from testbed.owners.statements import Statements, change_usd, distribution

EARNINGS_HEAD = ("setting", "controller", "tariff [$]", "wear [$]", "missing at departure [$]", "energy gained [$]",
                 "net cost [$]", "private cars worse off", "sold [kWh]")


def earnings_rows(setting: str, own: Mapping[str, Statements], base: str) -> list[Sequence[str]]:
    """A row per controller; worse off: against the car's own day under `base` (empty for `base`)."""
    return [(setting, name, *(f"{value:.4f}" for value in _means(owners)),
             "" if name == base else f"{worse_off_private(owners, own[base]):.4f}", f"{owners.sold_kwh.mean():.3f}")
            for name, owners in own.items()]


def _means(owners: Statements) -> list[float]:
    """Energy gained lowers the net cost, so it is shown with its sign reversed, as a cost."""
    return [float(np.mean(value)) for value in (owners.tariff_usd, owners.wear_usd, owners.shortfall_usd,
                                                -owners.stored_usd, owners.net_usd)]


def worse_off_private(owners: Statements, base: Statements) -> float:
    """Share of the private cars whose day costs more than under the base, by more than a cent."""
    return next(row.worse_off_share for row in distribution(owners, change_usd(owners, base))
                if row.name.startswith("private"))
