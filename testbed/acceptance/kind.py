"""What cases may ask: kinds, one file each in `testbed/acceptance/kinds/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.registry import Registry
from testbed.acceptance.case import Inputs


@dataclass(frozen=True)
class CaseKind:
    """What a file of `testbed/acceptance/kinds/` declares as KIND."""

    name: str
    what: str
    """What is asked, in a line."""
    inputs: str
    """Keys of inputs.yaml and columns of its tables."""
    gives: str
    """Quantities of the answer."""
    answer: Callable[[Inputs], Mapping[str, float]]
    """This testbed's answer; raises what its models raise where they refuse."""


KINDS: Registry[CaseKind] = Registry("acceptance kind", "testbed.acceptance.kinds", "KIND", CaseKind)
