"""A kind is the files of a folder: found by being there, refused where two say the same or one says nothing."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.records.arrays import RecordError
from models.registry import Registry, RegistryError

NUMBER = itertools.count()


@dataclass(frozen=True)
class Thing:
    """The contract of these tests."""

    name: str
    place: int = 0


@pytest.fixture
def registry_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Registry[Thing]]]:
    """registry_of({file: source}, order=None): a package of these files, and its registry."""
    before = set(sys.modules)

    def make(files: dict[str, str], **more: object) -> Registry[Thing]:
        package = f"kinds_of_a_test_{next(NUMBER)}"
        folder = tmp_path / package
        folder.mkdir()
        for name, text in {"__init__": "", **files}.items():
            (folder / f"{name}.py").write_text(f"from tests.models.test_registry import Thing\n{text}\n")
        importlib.invalidate_caches()
        return Registry("thing", package, "THING", Thing, **more)  # type: ignore[arg-type]

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in [name for name in set(sys.modules) - before if name.startswith("kinds_of_a_test_")]:
        del sys.modules[name]


def test_every_file_is_found_in_the_order_of_their_names(registry_of: Callable[..., Registry[Thing]]) -> None:
    things = registry_of({"b": "THING = Thing('first')", "a": "THING = (Thing('z'), Thing('y'))", "_shared": "x = 1"})
    assert tuple(things) == ("z", "y", "first") and len(things) == 3
    assert things["first"] == Thing("first") and "shared" not in things
    assert {name: file.name for name, file in things.files().items()} == {"z": "a.py", "y": "a.py", "first": "b.py"}


def test_another_order_may_be_asked_for(registry_of: Callable[..., Registry[Thing]]) -> None:
    files = {"a": "THING = Thing('late', 2)", "b": "THING = (Thing('early', 1), Thing('too', 1))"}
    assert tuple(registry_of(files, order=lambda member: member.place)) == ("early", "too", "late")


def test_nothing_is_imported_before_it_is_asked_for(registry_of: Callable[..., Registry[Thing]]) -> None:
    things = registry_of({"a": "THING = Thing('x')"})
    assert f"{things.package}.a" not in sys.modules
    assert list(things) == ["x"] and f"{things.package}.a" in sys.modules


def test_an_unknown_name_is_answered_with_those_there_are(registry_of: Callable[..., Registry[Thing]]) -> None:
    things = registry_of({"a": "THING = Thing('x')", "b": "THING = Thing('y')"})
    assert things.named("y") == Thing("y")
    with pytest.raises(RecordError, match=r"^thing 'z' is unknown, allowed: x, y$"):
        things.named("z")


def test_a_name_that_stands_twice_is_refused_with_both_files(registry_of: Callable[..., Registry[Thing]]) -> None:
    things = registry_of({"one": "THING = Thing('x')", "two": "THING = Thing('x')"})
    with pytest.raises(RegistryError, match=r"^thing 'x' stands in .*one\.py and in .*two\.py$"):
        list(things)


@pytest.mark.parametrize(("text", "words"), [
    ("", r"a\.py: must declare THING, a Thing"), ("THING = 3", r"a\.py: must declare THING, a Thing"),
    ("THING = ()", r"a\.py: must declare THING, a Thing"), ("THING = (Thing('x'), 3)", "must declare THING"),
    ("THING = Thing('x'", r"\.a: cannot be imported: SyntaxError"),
    ("import no_such_module", r"\.a: cannot be imported: ModuleNotFoundError: .*no_such_module")])
def test_a_file_that_is_none_of_the_kind_is_refused(registry_of: Callable[..., Registry[Thing]], text: str,
                                                    words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        list(registry_of({"a": text}))


def test_a_folder_that_is_added_to_the_package_counts_at_once(registry_of: Callable[..., Registry[Thing]],
                                                              tmp_path: Path) -> None:
    things = registry_of({"a": "THING = Thing('x')"})
    assert list(things) == ["x"]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.py").write_text("from tests.models.test_registry import Thing\nTHING = Thing('y')\n")
    sys.modules[things.package].__path__.append(str(tmp_path / "more"))
    assert list(things) == ["x", "y"]
