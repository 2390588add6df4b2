"""Wear models by name; one file each in `models/wear/cells/`, under one contract."""

from __future__ import annotations

from models.registry import Registry
from models.wear.contract import WearModel

WEAR_MODELS: Registry[WearModel] = Registry("wear model", "models.wear.cells", "WEAR_MODEL", WearModel)  # type: ignore[type-abstract]


def wear_model_names() -> tuple[str, ...]:
    """Names that `wear_model` knows, sorted."""
    return tuple(WEAR_MODELS)


def wear_model(name: str) -> WearModel:
    """The wear model of that name with its published numbers; raises RecordError for an unknown one."""
    return WEAR_MODELS.named(name)
