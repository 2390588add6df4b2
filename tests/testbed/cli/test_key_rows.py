"""The reference of keys has all of them, with what they may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from testbed.cli.doc_rows import markdown
from testbed.cli.key_rows import key_names, key_tables
from testbed.cli.options import keys_of_scenarios
from testbed.scenario.record import Scenario

TEXT = key_tables(markdown)
ROWS = {cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
        for cells in (line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| `"))}


def parts_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Blocks in a key's type, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from parts_in(inner)


def keys_below(part: type[BaseModel]) -> Iterator[str]:
    """Last words of all keys that hold a value."""
    for name, field in part.model_fields.items():
        below = list(parts_in(field.annotation))
        for inner in below:
            yield from keys_below(inner)
        if not below:
            yield name


def test_every_key_has_a_row() -> None:
    assert set(keys_below(Scenario)) - {name.rpartition(".")[2] for name in ROWS} == set()
    assert len(ROWS) > 200


def test_rows_say_what_a_key_may_be() -> None:
    assert ROWS["planning.binding_h"][0].startswith("whole number from 1 to ")
    assert ROWS["step_s"][1] == f"`{Scenario.model_fields['step_s'].default}`"
    assert ROWS["fleet.slow_charger_curve"][0] == "`constant`, `ac_onboard`, `dc_400v`, `dc_800v`"
    assert ROWS["fleet.private_capacity_kwh"][0].startswith("[lowest, highest], each number from ")
    assert ROWS["districts[].feeder"][0].endswith("or `null`")
    assert "[networks](networks.md)" in ROWS["districts[].zone_map"][2]


def test_every_row_has_a_meaning() -> None:
    assert [name for name, cells in ROWS.items() if not cells[-1]] == []


def test_the_shell_completes_keys() -> None:
    assert keys_of_scenarios("planning.mip") == ["planning.mip_gap"]
    assert "districts[].feeder" not in key_names() and "seed" in key_names()
