"""YAML read with the place of every key remembered, and double keys refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from testbed.scenario.bounded_yaml import (
    DEEPEST,
    MOST_KEYS,
    MOST_VALUES,
    BoundedLoader,
    UnreadableYaml,
    checked_text,
    text_of,
)

Path_ = tuple[str | int, ...]
LONGEST = 80


@dataclass(frozen=True)
class Mistake:
    """One wrong thing: file and line (or option), key path, value, and what is allowed."""

    place: str
    key: str
    value: object
    rule: str

    def __str__(self) -> str:
        shown = repr(self.value)
        shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."
        value = "" if self.value == "" else f" = {shown}"
        return f"{self.place}: {self.key}{value}{': ' if self.key or value else ''}{self.rule}"


@dataclass
class Tree:
    """Nested dicts and lists, and where each of their keys was written."""

    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path_, str] = field(default_factory=dict)

    def source(self, path: Path_) -> str:
        """File and line of the key, or of the nearest block around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return "scenario"

    def lay_over(self, top: Tree) -> None:
        """Blocks are merged key by key, all else (lists too) is replaced by `top`."""
        replaced: set[Path_] = set()
        self._merge((), self.data, top.data, replaced)
        self.places = {place: text for place, text in self.places.items()
                       if not any(place[:length] in replaced for length in range(1, len(place) + 1))}
        self.places.update(top.places)

    def _merge(self, path: Path_, base: dict[str, Any], top: dict[str, Any], replaced: set[Path_]) -> None:
        for key, value in top.items():
            here = (*path, key)
            # A named driver profile means that profile, not a mixture with the keys of another one.
            starts_anew = here == ("drivers",) and isinstance(value, dict) and "profile" in value
            if isinstance(value, dict) and isinstance(base.get(key), dict) and not starts_anew:
                self._merge(here, base[key], value, replaced)
            else:
                base[key] = value
                replaced.add(here)

    def _forget(self, path: Path_) -> None:
        for place in [place for place in self.places if place[: len(path)] == path]:
            del self.places[place]

    def set(self, path: Path_, value: object, place: str) -> None:
        """Put `value` at `path`; LookupError says which part of the path does not exist."""
        holder: Any = self.data
        for depth, part in enumerate(path[:-1]):
            holder = _enter(holder, part, path[: depth + 1])
        _enter(holder, path[-1], path)
        if isinstance(holder, list):
            holder[int(path[-1])] = value  # _enter has checked the index
        elif path == ("drivers", "profile"):
            self._forget(("drivers",))
            self.data["drivers"] = {"profile": value}
        else:
            holder[path[-1]] = value
        self.places[path] = place

    def drop(self, path: Path_) -> None:
        """Remove the key at `path`, or the whole list it is an entry of, if it is there."""
        holder: Any = self.data
        for part in path[:-1]:
            try:
                holder = holder[part]
            except (LookupError, TypeError):
                return
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
        else:  # a list, which the whole of a scenario is not
            self.drop(path[:-1])  # an entry cannot go alone: those after it would change numbers


def _enter(holder: Any, part: str | int, so_far: Path_) -> Any:
    name = ".".join(map(str, so_far))
    if isinstance(holder, list):
        if not isinstance(part, int) or part >= len(holder):
            raise LookupError(f"{name} does not exist: the list has entries 0 to {len(holder) - 1}")
        return holder[part]
    if not isinstance(holder, dict) or isinstance(part, int):
        raise LookupError(f"{name} does not exist")
    return holder.setdefault(part, {})


def read_yaml(file: Path, mistakes: list[Mistake]) -> Tree:
    """The file's tree; what cannot be read goes to `mistakes`."""
    tree = Tree(places={(): str(file)})
    try:
        data = _Reader(str(file), tree.places, mistakes).read(text_of(file))
    except UnreadableYaml as error:
        mistakes.append(Mistake(str(file), "", "", error.rule))
        return tree
    if isinstance(data, dict):
        tree.data = data
    elif data is not None:
        mistakes.append(Mistake(str(file), "", data, "must be a block of key: value lines"))
    return tree


def read_value(text: str, place: str, mistakes: list[Mistake]) -> Any:
    """One YAML value, e.g. of a command-line option."""
    return _Reader(place, {}, mistakes).read(text)


@dataclass
class _Reader:
    """Turns YAML nodes into values, noting places and mistakes."""

    file: str
    places: dict[Path_, str]
    mistakes: list[Mistake]
    values: int = 0
    """So far, each use of an alias counted."""

    def read(self, text: str) -> Any:
        """The value of the text; None after adding to `mistakes`."""
        try:
            return self._document(BoundedLoader(checked_text(text)))
        except UnreadableYaml as error:
            self._note(error.line, error.rule)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            self._note(mark.line + 1 if mark else 0, f"is not YAML: {problem}")
        return None

    def _note(self, line: int, rule: str, path: Path_ = ()) -> None:
        place = f"{self.file}:{line}" if line else self.file
        self.mistakes.append(Mistake(place, ".".join(map(str, path)), "", rule))

    def _document(self, loader: BoundedLoader) -> Any:
        try:
            node = loader.get_single_node()
            return None if node is None else self._value(loader, node, ())
        finally:
            loader.dispose()

    def _value(self, loader: BoundedLoader, node: yaml.Node, path: Path_) -> Any:
        self.values += 1
        line = node.start_mark.line + 1
        if len(path) > DEEPEST:
            raise UnreadableYaml(f"nested deeper than {DEEPEST} blocks", line)
        if self.values > MOST_VALUES:
            raise UnreadableYaml(f"holds more than {MOST_VALUES} values, each use of an alias counted", line)
        if isinstance(node, yaml.MappingNode):
            return self._block(loader, node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._entry(loader, item, (*path, i)) for i, item in enumerate(node.value)]
        return self._word(loader, node, path)

    def _word(self, loader: BoundedLoader, node: Any, path: Path_) -> Any:
        """The word's value; one that is none is a mistake, and reading goes on."""
        try:
            return loader.word(node)
        except UnreadableYaml as error:
            self._note(error.line, error.rule, path)
            return node.value

    def _entry(self, loader: BoundedLoader, node: yaml.Node, path: Path_) -> Any:
        self.places[path] = f"{self.file}:{node.start_mark.line + 1}"
        return self._value(loader, node, path)

    def _block(self, loader: BoundedLoader, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        block: dict[str, Any] = {}
        if len(node.value) > MOST_KEYS:
            raise UnreadableYaml(f"a block holds more than {MOST_KEYS} keys", node.start_mark.line + 1)
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise UnreadableYaml("a key must be a word", line)
            key = str(key_node.value)
            if key in block:
                name = ".".join(map(str, (*path, key)))
                self.mistakes.append(Mistake(f"{self.file}:{line}", name, "", "stands twice in its block"))
            self.places[(*path, key)] = f"{self.file}:{line}"
            block[key] = self._value(loader, value_node, (*path, key))
        return block
