"""Plain data to YAML and back, by libyaml where PyYAML was built with it: some times faster, the same text."""

from __future__ import annotations

from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def yaml_of(tree: Any) -> str:
    """Mappings, sequences, texts and numbers as YAML, in their order."""
    return str(yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def of_yaml(text: str) -> Any:
    """What the text says; no objects are made."""
    return yaml.load(text, _Loader)
