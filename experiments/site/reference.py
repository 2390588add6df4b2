"""Pages that are made from the code: names with their signatures and docstrings, by Sphinx's autodoc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import testbed


@dataclass(frozen=True)
class Reference:
    """A page: what it is about, and what stands on it by its full name."""

    title: str
    about: str
    names: Sequence[str] = ()
    """Functions and classes."""
    modules: Sequence[str] = ()
    """All that is public in each."""


REFERENCES: dict[str, Reference] = {
    "api/python.rst": Reference(
        "Python reference",
        "What ``import testbed as tb`` gives. How it is used: :doc:`/docs/python`.",
        names=[f"testbed.{name}" for name in testbed.__all__],
        modules=["testbed.metrics.of_runs", "testbed.metrics.verdict", "testbed.owners.statements",
                 "testbed.learning.environment"]),
    "api/controllers.rst": Reference(
        "Controllers' port",
        "What a layer is told and what it says; what stands here is all that a controller can know. How one is "
        "written: :doc:`/docs/controllers`.",
        modules=["controllers.port", "controllers.base", "controllers.disaggregation", "controllers.learned.policy",
                 "controllers.learned.acting", "controllers.learned.observing"]),
    "api/models.rst": Reference(
        "Models",
        "Records that cross between the parts, and models that can be used by themselves, without a run. Rules are in "
        ":doc:`/docs/model`.",
        modules=["models.records.vehicles", "models.records.flexibility", "models.records.feeder",
                 "models.records.thermal_units", "models.records.groups", "models.wear.contract",
                 "models.fleet.flexibility", "models.fleet.battery", "models.network.source", "models.system.tariff",
                 "models.drivers.behaviour"]),
}
"""By their way on the site."""


def page_text(reference: Reference) -> str:
    """As reStructuredText."""
    parts = [_heading(reference.title, "="), reference.about]
    parts += [f".. {_directive(name)}:: {name}{_members(name)}" for name in reference.names]
    parts += [f"{_heading(module, '-')}\n\n.. automodule:: {module}\n   :members:" for module in reference.modules]
    return "\n\n".join(parts) + "\n"


def _heading(text: str, ruler: str) -> str:
    return f"{text}\n{ruler * len(text)}"


def _directive(name: str) -> str:
    thing = getattr(testbed, name.rpartition(".")[2])
    if not isinstance(thing, type):
        return "autofunction"
    return "autoexception" if issubclass(thing, BaseException) else "autoclass"


def _members(name: str) -> str:
    return "" if _directive(name) == "autofunction" else "\n   :members:"
