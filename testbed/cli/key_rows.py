"""Every key of a scenario in tables, one a block, from the JSON schema that editors are given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from testbed.scenario.record import scenario_schema

HEAD = ("key", "may be", "default", "meaning")
PAGE = re.compile(r"docs/(\w+)\.md(?! \d)")
"""A page that a description names, no section of the model."""
TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`",
         "null": "`null`", "object": "mapping", "array": "list"}
Node = dict[str, Any]
"""Of the schema."""


def key_tables(table: Callable[[Sequence[str], Sequence[Sequence[str]]], str]) -> str:
    """As Markdown: the keys that stand alone, then a heading and a table for each block; `table` writes head and rows.
    """
    schema = scenario_schema()
    parts = schema["$defs"]
    alone = {name: node for name, node in schema["properties"].items() if _part(node, parts) is None}
    blocks = {name: node for name, node in schema["properties"].items() if name not in alone}
    texts = [table(HEAD, [row for name, node in alone.items() for row in _rows(name, node, parts)])]
    for name, node in blocks.items():
        (head, *_, what), *rows = _rows(name, node, parts)
        texts.append(f"## {head}\n\n{what}\n\n{table(HEAD, rows)}")
    return "\n\n".join(texts)


def key_names() -> list[str]:
    """Every key that holds a value, as `--set` names it; those below a list's place or a name of one's own are left
    out."""
    schema = scenario_schema()
    names = (row[0].strip("`") for name, node in schema["properties"].items()
             for row in _rows(name, node, schema["$defs"]) if row[1])
    return [name for name in names if "[]" not in name and "NAME" not in name]


def _rows(name: str, node: Node, parts: Node) -> Iterator[tuple[str, ...]]:
    """A row for the key, then for those below it."""
    below = _part(node, parts)
    if below is None:
        yield f"`{name}`", _allowed(node), _default(node), _told(node)
        return
    part, way = below
    yield f"`{name}{way}`", "", "", _told(node) or _told(part)
    for key, inner in part["properties"].items():
        yield from _rows(f"{name}{way}.{key}", inner, parts)


def _part(node: Node, parts: Node) -> tuple[Node, str] | None:
    """The block that stands in a key's place, and how its keys are reached; None for a plain value."""
    if "$ref" in node:
        return parts[node["$ref"].rpartition("/")[2]], ""
    for inner, way in ((node.get("items"), "[]"), (_of_mapping(node), ".NAME")):
        if isinstance(inner, dict) and "$ref" in inner:
            return parts[inner["$ref"].rpartition("/")[2]], way
    return next((below for option in node.get("anyOf", ()) if (below := _part(option, parts))), None)


def _of_mapping(node: Node) -> Node | None:
    """What the values of a mapping are, whatever its keys may be called."""
    inner = next(iter(node.get("patternProperties", {}).values()), node.get("additionalProperties"))
    return inner if isinstance(inner, dict) else None


def _allowed(node: Node) -> str:
    if "anyOf" in node:
        return " or ".join(dict.fromkeys(map(_allowed, node["anyOf"])))
    if "enum" in node or "const" in node:
        return ", ".join(f"`{value}`" for value in node.get("enum", [node.get("const")]))
    if "prefixItems" in node:
        return f"[lowest, highest], each {_allowed(node['prefixItems'][0])}"
    if inner := node.get("items") or _of_mapping(node):
        return f"{TYPES[node['type']]} of {_allowed(inner)}"
    if node.get("format") == "date":
        return "day, as `2024-03-05`"
    return _number(node) if "minimum" in node and "maximum" in node else TYPES.get(node.get("type", ""), "value")


def _number(node: Node) -> str:
    low, high = node["minimum"], node["maximum"]
    return f"`{low}`" if low == high else f"{TYPES[node['type']]} from {low:,} to {high:,}"


def _default(node: Node) -> str:
    return f"`{json.dumps(node['default'], ensure_ascii=False)}`" if "default" in node else "-"


def _told(node: Node) -> str:
    return PAGE.sub(r"[\1](\1.md)", " ".join(node.get("description", "").split()))
