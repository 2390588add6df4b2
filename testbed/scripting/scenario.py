"""A scenario in Python: one that is there, with keys replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario import record


@dataclass(frozen=True)
class Scenario:
    """A scenario by name or file, with the keys that are replaced in it; checked when it is made."""

    source: str
    """Its name, or a YAML file."""
    overrides: tuple[str, ...] = ()
    """What is replaced, as `key.sub=value`."""

    @classmethod
    def load(cls, name_or_path: str | Path) -> Self:
        """The scenario of that name (`testbed list scenarios`) or YAML file. WrongRequest with every mistake."""
        return cls(str(name_or_path))._checked()

    def with_(self, changes: Mapping[str, Any]) -> Self:
        """The same with these keys replaced, each `key.sub` and its value, as `--set` does.

        Raises WrongRequest with every mistake: an unknown key with the nearest one, a value that is not allowed.

        >>> import testbed as tb
        >>> day = tb.Scenario.load("smoke").with_({"fleet.trips": "survey", "seed": 7})
        >>> day.keys.fleet.trips, day.keys.seed, day.keys.days
        ('survey', 7, 1)
        """
        texts = tuple(f"{key}={_in_yaml(key, value)}" for key, value in changes.items())
        return type(self)(self.source, (*self.overrides, *texts))._checked()

    @cached_property
    def keys(self) -> record.Scenario:
        """All keys with their values, checked; read them as `keys.fleet.trips`."""
        return checked_scenario(self.source, self.overrides)

    def to_yaml(self) -> str:
        """All keys as the YAML file of an equal scenario."""
        return record.to_yaml(self.keys)

    def _checked(self) -> Self:
        _ = self.keys
        return self

    def __str__(self) -> str:
        return " ".join([self.source, *(f"--set {text}" for text in self.overrides)])


def scenario_of(given: str | Path | Scenario) -> Scenario:
    """What a user hands over as a scenario; its mistakes are told by whoever uses it."""
    return given if isinstance(given, Scenario) else Scenario(str(given))


def _in_yaml(key: str, value: Any) -> str:
    """As a YAML file would have it: JSON is YAML."""
    try:
        return json.dumps(value, default=_plain)
    except TypeError as error:
        raise WrongRequest([f"{key} = {value!r}: must be a plain value, a list or a mapping of them"]) from error


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy, paths."""
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError
