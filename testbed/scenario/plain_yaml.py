"""Plain data to YAML and back, by libyaml where PyYAML was built with it: some times faster, the same text."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def yaml_of(tree: Any) -> str:
    """Mappings, sequences, texts and numbers as YAML, in their order."""
    return str(yaml.dump(tree, Dumper=_SafeDumper, sort_keys=False, allow_unicode=True))


def of_yaml(text: str) -> Any:
    """What the text says; yaml.constructor.ConstructorError where it asks for an object of Python."""
    loader = _SafeLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def plain(value: Any) -> Any:
    """What users of Python have in the place of plain data, as such: numbers and arrays of numpy, ranges, paths, dates.

    TypeError for all else; as `default` of `json.dumps` asks it.
    """
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, range):
        return list(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r} is no plain value")
