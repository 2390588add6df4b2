"""YAML nodes of a text whose size, depth and words are bounded; places of mistakes are lines.

Plain words mean what YAML 1.2 says. Numbers that YAML 1.1 reads otherwise (012 is 10 there, 1:30 is 90) are refused,
and so are tags (`!!int`): no file of this project needs them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from testbed.scenario.plain_text import is_file, path_mistake

DEEPEST = 20
"""Blocks within blocks."""
MOST_BYTES = 2_000_000
"""Of a file, or of a value on the command line."""
MOST_VALUES = 50_000
"""Of a file, each use of an alias counted."""
MOST_KEYS = 1000
"""Of one block."""
READ_OTHERWISE = re.compile(r"^[-+]?(0[0-9_]+|0b[01_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[0-9]+_[0-9_]*)$")
WRONG_VALUE = (ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError)
"""What PyYAML throws for a word that is no value of its kind."""


class UnreadableYaml(ValueError):
    """Text that is not read; `line` counts from 1, 0 where it lies nowhere."""

    def __init__(self, rule: str, line: int = 0) -> None:
        self.rule, self.line = rule, line
        super().__init__(rule)


class BoundedLoader(yaml.SafeLoader):
    """Composes nodes within the bounds, with the plain words of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  as PyYAML keeps them
    depth = values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """One node with all below it; UnreadableYaml where a bound is passed."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self.depth, self.values = self.depth + 1, self.values + 1
        line = event.start_mark.line + 1
        if self.depth > DEEPEST + 1:
            raise UnreadableYaml(f"nested deeper than {DEEPEST} blocks", line)
        if self.values > MOST_VALUES:
            raise UnreadableYaml(f"holds more than {MOST_VALUES} values", line)
        if (tag := getattr(event, "tag", None)) is not None:
            raise UnreadableYaml(f"has a tag ({tag.replace('tag:yaml.org,2002:', '!!')}), and none are read here", line)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def word(self, node: yaml.ScalarNode) -> Any:
        """The value of a word; UnreadableYaml for one that is read in two ways, or is none."""
        line = node.start_mark.line + 1
        if node.style is None and READ_OTHERWISE.match(node.value):
            raise UnreadableYaml(f"{node.value} is another number in YAML 1.1 than in YAML 1.2; write it in plain "
                                 "decimal digits, or in quotes as a text", line)
        try:
            return self.construct_object(node)
        except WRONG_VALUE as error:
            raise UnreadableYaml(f"{node.value[:40]!r} is no value: {error}", line) from error


for _kind, _pattern, _first in (
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
        ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
        ("int", r"^(?:[-+]?[0-9]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
        ("float", r"^(?:[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
                  r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", list("-+0123456789."))):
    BoundedLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), _first)


def text_of(file: Path) -> str:
    """The text of a YAML file; UnreadableYaml if it is none, too large, or not UTF-8."""
    if wrong := path_mistake(str(file)):
        raise UnreadableYaml(wrong)
    if not is_file(file):
        raise UnreadableYaml("there is no such file")
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        return checked_text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableYaml(f"is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise UnreadableYaml(f"cannot be read: {error.strerror or error}") from error


def checked_text(text: str) -> str:
    """The text itself; UnreadableYaml if it is too long."""
    if len(text) > MOST_BYTES:
        raise UnreadableYaml(f"is longer than {MOST_BYTES} bytes")
    return text
