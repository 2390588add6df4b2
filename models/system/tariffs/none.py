"""No tariff: all prices are 0."""

import numpy as np

from models.system.tariff import HOURS_PER_DAY, Prices, Tariff, TariffKind, Terms


def _prices(terms: Terms) -> Prices:
    return Tariff("none", np.zeros(HOURS_PER_DAY), np.zeros(HOURS_PER_DAY), terms.cny_per_usd)


TARIFF = TariffKind("none", "all prices are 0; needs `objective.tariff_in_objective: false`", "-", _prices)
