"""Life that a transformer loses."""

from __future__ import annotations

from collections.abc import Mapping

from models.network.transformers.ageing import ageing
from testbed.acceptance.case import Inputs
from testbed.acceptance.kind import CaseKind


def _answer(inputs: Inputs) -> Mapping[str, float]:
    load = inputs.column("series", "load_pu")
    ambient = inputs.column("series", "ambient_celsius")
    done = ageing(load[:, None], ambient, inputs.number("step_s", above=0.0))
    return {"life_h": float(done.life_h[0]), "hot_spot_max_celsius": float(done.hot_spot_max_celsius[0])}


KIND = CaseKind(
    "transformer_ageing", "hot spot and loss of life of an oil-filled distribution transformer (IEC 60076-7, ONAN)",
    "series: table with load_pu (of the rating) and ambient_celsius, a row a step, repeated for ever; step_s",
    "life_h, hours of life used over the series; hot_spot_max_celsius", _answer)
