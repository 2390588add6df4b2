"""A scenario in Python: one that is there, with keys replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import Any, Self

from testbed.running.preflight import WrongRequest, checked_scenario
from testbed.scenario import record
from testbed.scenario.plain_yaml import of_yaml, plain


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


def set_in(given: Scenario) -> dict[str, Any]:
    """Its replaced keys with their values, as the key `set` of a study has them."""
    texts = (text.partition("=") for text in given.overrides)
    return {key: _value(text) for key, _, text in texts}


def _value(text: str) -> Any:
    """`with_` writes JSON, whose 1e-07 is a text to YAML; by hand it is YAML."""
    try:
        return json.loads(text)
    except ValueError:
        return of_yaml(text)


def whole(value: Any) -> Any:
    """A whole number of numpy as Python's; all else as it is."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value


def not_counts(**given: Any) -> list[str]:
    """Of what must be a number of things, which is none: a line each."""
    return [f"{name}={value!r}: must be a whole number above 0" for name, value in given.items()
            if not isinstance(value, int) or isinstance(value, bool) or value < 1]


def _in_yaml(key: str, value: Any) -> str:
    """As a YAML file would have it: JSON is YAML."""
    try:
        return json.dumps(value, default=plain)
    except (TypeError, ValueError) as error:  # the latter: it has itself within
        raise WrongRequest([f"{key} = {value!r}: must be a plain value, a list or a mapping of them"]) from error
