"""Wear models by name; one file each under one contract."""

from __future__ import annotations

from models.records.arrays import RecordError
from models.wear.blast_nmc622 import BlastNmc622
from models.wear.contract import WearModel
from models.wear.naumann import Naumann
from models.wear.schmalstieg2014 import Schmalstieg2014
from models.wear.throughput import Throughput
from models.wear.xu2016 import Xu2016

_MODELS: dict[str, type[WearModel]] = {
    "throughput": Throughput, "schmalstieg2014": Schmalstieg2014, "naumann": Naumann, "xu2016": Xu2016,
    "blast_nmc622": BlastNmc622,
}


def wear_model_names() -> tuple[str, ...]:
    """Names that `wear_model` knows."""
    return tuple(_MODELS)


def wear_model(name: str) -> WearModel:
    """The wear model of that name with its published numbers; raises RecordError for an unknown one."""
    if name not in _MODELS:
        raise RecordError(f"wear model {name!r} is unknown, allowed: {', '.join(_MODELS)}")
    return _MODELS[name]()
