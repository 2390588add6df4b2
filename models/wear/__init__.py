"""Wear models by name; one file each under one contract."""

from __future__ import annotations

from models.records import RecordError
from models.wear.contract import WearModel
from models.wear.throughput import Throughput

_MODELS: dict[str, type[WearModel]] = {"throughput": Throughput}


def wear_model_names() -> tuple[str, ...]:
    """Names that `wear_model` knows."""
    return tuple(_MODELS)


def wear_model(name: str) -> WearModel:
    """The wear model of that name with its published numbers; raises RecordError for an unknown one."""
    if name not in _MODELS:
        raise RecordError(f"wear model {name!r} is unknown, allowed: {', '.join(_MODELS)}")
    return _MODELS[name]()
