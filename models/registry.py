"""Kinds of things of which each file of a package declares one, or some: adding one is adding its file.

A file says what it has under one name, as `WEAR_MODEL = Naumann()`, and nothing else lists it. Files are found and
imported when the kind is first asked for, so that commands which do not need them do not load them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from models.plugins import plugins
from models.records.arrays import RecordError


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """The known name that a wrong one is nearest to, as the end of a message; empty if none is near."""
    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


class Named(Protocol):
    """What every member of a kind has."""

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


class RegistryError(Exception):
    """A file that does not declare what files of its folder declare, or a name that two declare."""


@dataclass(frozen=True, eq=False)
class Registry(Mapping[str, T], Generic[T]):
    """All of one kind by name: what the files of a package declare, in the order of the files' names.

    Raises RegistryError for a file that cannot be imported, that declares nothing or something else, and for a name
    that stands twice, with both files.
    """

    kind: str
    """For messages: `wear model`."""
    package: str
    """Whose files are looked at, those beginning with an underscore apart."""
    declares: str
    """The name under which a file declares one member, or several in a collection."""
    contract: type[T]
    """What every member is."""
    order: Callable[[T], Any] | None = None
    """Sorts them otherwise than by file; equals stay in the order of files."""

    @property
    def group(self) -> str:
        """The entry points under which installed packages add more (models/plugins.py): `testbed.wear_models`."""
        return f"testbed.{self.kind.replace(' ', '_')}s"

    def __getitem__(self, name: str) -> T:
        return self._declared()[name][1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared())

    def __len__(self) -> int:
        return len(self._declared())

    def __hash__(self) -> int:
        return id(self)

    def named(self, name: str) -> T:
        """The member of that name; RecordError lists those there are."""
        if name not in self:
            hint = did_you_mean(name, list(self))
            raise RecordError(f"{self.kind} {name!r} is unknown{hint}, allowed: {', '.join(self)}")
        return self[name]

    def files(self) -> Mapping[str, Path]:
        """The file of each member."""
        return {name: file for name, (file, _) in self._declared().items()}

    def _declared(self) -> Mapping[str, tuple[Path, T]]:
        """By the folders of the package as they are now: a folder that is added to its path counts."""
        return _declared_in(self, tuple(import_module(self.package).__path__), plugins(self.group))


@lru_cache(maxsize=64)
def _declared_in(registry: Registry[T], folders: tuple[str, ...],
                 points: tuple[EntryPoint, ...]) -> Mapping[str, tuple[Path, T]]:
    known: dict[str, tuple[Path, T]] = {}
    modules = sorted(info.name for info in iter_modules(folders) if not info.name.startswith("_"))
    for module in [*(f"{registry.package}.{name}" for name in modules), *(point.module for point in points)]:
        file, members = _declared(registry, module)
        for member in members:
            if member.name in known:
                raise RegistryError(f"{registry.kind} {member.name!r} stands in {known[member.name][0]} and in {file}")
            known[member.name] = file, member
    if registry.order is None:
        return known
    order = registry.order
    return dict(sorted(known.items(), key=lambda item: order(item[1][1])))


def _declared(registry: Registry[T], module_name: str) -> tuple[Path, tuple[T, ...]]:
    """The file of a module, and what it declares."""
    module = _imported(module_name)
    file, word = Path(str(module.__file__)), registry.declares
    declared = vars(module).get(word)
    members = tuple(declared) if isinstance(declared, Iterable) else (declared,)
    if not members or not all(isinstance(member, registry.contract) for member in members):
        raise RegistryError(f"{file}: must declare {word}, a {registry.contract.__name__}, as all files beside it do")
    return file, members


def _imported(module_name: str) -> ModuleType:
    try:
        return import_module(module_name)
    except Exception as error:
        raise RegistryError(f"{module_name}: cannot be imported: {type(error).__name__}: {error}") from error
