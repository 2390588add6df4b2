"""What installed packages add: a package names its modules or objects under a group of entry points.

    [project.entry-points."testbed.wear_models"]
    mine2026 = "my_package.wear"        # a module that declares WEAR_MODEL, as a file of models/wear/cells/ does
"""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

PREFIX = "testbed."
BEHAVIOURS, CONTROLLERS = f"{PREFIX}behaviours", f"{PREFIX}controllers"


def plugins(group: str) -> tuple[EntryPoint, ...]:
    """Those of a group, `testbed.wear_models` and the like, sorted by name; of the packages that Python finds now."""
    return _all_of(tuple(sys.path)).get(group, ())


def packages() -> tuple[str, ...]:
    """Name and version of every package that adds something, sorted."""
    points = [point for points in _all_of(tuple(sys.path)).values() for point in points]
    return tuple(sorted({f"{point.dist.name}=={point.dist.version}" for point in points if point.dist}))


@lru_cache(maxsize=8)
def _all_of(path: tuple[str, ...]) -> dict[str, tuple[EntryPoint, ...]]:
    """By group; to read the metadata of all packages takes some hundredths of a second."""
    points = entry_points()
    groups = sorted(group for group in points.groups if group.startswith(PREFIX))
    return {group: tuple(sorted(points.select(group=group), key=lambda point: point.name)) for group in groups}
