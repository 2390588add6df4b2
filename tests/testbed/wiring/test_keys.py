"""The key of an answer covers all code that the answer comes from, and the libraries under it."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from testbed.setup import engine_check, expected_days, plan_cache

ROOT = Path(plan_cache.__file__).parents[2]
OURS = {file.relative_to(ROOT).as_posix().removesuffix(".py").removesuffix("/__init__").replace("/", "."): file
        for package in ("models", "controllers") for file in (ROOT / package).rglob("*.py")}
KEPT = {
    "plan": (plan_cache, "controllers.temporal.unit_commitment.", plan_cache.SOLVERS),
    "expected days": (expected_days, "models.mobility.expectation", expected_days.PACKAGES),
    "engine": (engine_check, "models.network.power_flow", ("lightsim2grid", "pandapower", "numpy")),
}
"""Where an answer comes from: the module that keeps it, the modules that find it, the libraries named."""


@cache
def imported(module: str) -> tuple[str, ...]:
    return tuple(_imported(module))


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(OURS[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def reached(begin: str) -> set[str]:
    """All modules of ours that those beginning so import, and what these import, late imports too."""
    seen: set[str] = set()
    waiting = [module for module in OURS if module.startswith(begin)]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += [name for name in imported(module) if name in OURS]
    return seen


@pytest.mark.parametrize("kind", KEPT)
def test_no_code_behind_an_answer_is_left_out_of_its_key(kind: str) -> None:
    keeper, begin, _ = KEPT[kind]
    modules = reached(begin)
    assert len(modules) > 2
    assert [module for module in sorted(modules) if OURS[module].read_bytes() not in keeper.CODE] == []


@pytest.mark.parametrize("kind", KEPT)
def test_no_library_behind_an_answer_is_left_out_of_its_key(kind: str) -> None:
    _, begin, named = KEPT[kind]
    tops = {name.split(".")[0] for module in reached(begin) for name in imported(module)}
    assert tops - {"models", "controllers", *sys.stdlib_module_names} <= set(named)
