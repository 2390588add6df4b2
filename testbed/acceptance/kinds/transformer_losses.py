"""Losses of a transformer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.network.transformers.ageing import LOSS_TABLES, transformer_losses_kw
from models.records.arrays import RecordError
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    tier = inputs.text("tier")
    if tier not in LOSS_TABLES:
        raise RecordError(f"transformer losses: tier {tier!r}, allowed: {', '.join(LOSS_TABLES)}")
    load, rating = np.array([[inputs.number("load_kva")]]), np.array([inputs.number("rating_kva", above=0.0)])
    return {"losses_kw": float(transformer_losses_kw(load, rating, LOSS_TABLES[tier])[0, 0])}


KIND = CaseKind(
    "transformer_losses", "the largest losses that Regulation (EU) 548/2014 allows at a load",
    "rating_kva, load_kva, tier (tier1 or tier2)", "losses_kw", _answer)
