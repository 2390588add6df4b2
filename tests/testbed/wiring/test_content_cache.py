"""Where answers are kept, under which key, and what happens to those that are damaged."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from testbed.scenario.loading import load_scenario
from testbed.wiring.content_cache import cache_folder, content_key, default_cache_dir, kept, store
from tests.testbed import small_run


def test_cache_directory_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "pev-testbed"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache_dir() == Path.home() / ".cache" / "pev-testbed"


def test_a_scenario_may_say_where(tmp_path: Path) -> None:
    assert cache_folder(load_scenario("smoke", [f"execution.cache_dir={tmp_path}"])) == tmp_path
    assert cache_folder(load_scenario("smoke")) == default_cache_dir()


def test_a_user_without_a_home_is_told_like_any_other_without_a_folder(monkeypatch: pytest.MonkeyPatch,
                                                                       capsys: pytest.CaptureFixture[str]) -> None:
    def nowhere() -> Path:
        raise RuntimeError("could not determine home directory")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    store(default_cache_dir() / "x.kept", b"1")
    assert "cannot be used" in capsys.readouterr().err


# ---------------------------------------------------------------- keys
@dataclass(frozen=True)
class Inner:
    values: Any


@dataclass(frozen=True)
class Same:
    values: Any


PARTS = [1, 1.0, "1", True, None, (1,), [], ((), 1), ((1,), ()), np.zeros(2), np.zeros(2, dtype=np.int64),
         np.zeros((2, 1)), np.ones(2), Inner(1), Same(1), Inner(Inner(1)), {"a": 1}, {"a": 2}, {"b": 1}]


def test_each_difference_of_content_is_another_key() -> None:
    keys = {content_key([part], b"", ()) for part in PARTS}
    assert len(keys) == len(PARTS)
    assert content_key([{"a": 1, "b": 2}], b"", ()) == content_key([{"b": 2, "a": 1}], b"", ())
    assert content_key([1], b"x", ()) != content_key([1], b"", ()) != content_key([1], b"", ("numpy",))


SHORT = ("planning.horizon_h=25", "planning.binding_h=24", "spatial.look_ahead_h=2", "planning.mip_gap=0.05")


@pytest.mark.parametrize("part", [object(), {1, 2}, lambda: 1, np.array([object()])])
def test_what_has_no_content_makes_no_key(part: object) -> None:
    """Its text would hold an address, or no order."""
    with pytest.raises(TypeError, match="has no content that a key could be made of"):
        content_key([part], b"", ())


# ---------------------------------------------------------------- entries
def test_what_is_kept_comes_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    entry = tmp_path / "deep" / "x.kept"
    assert kept(entry, bytes) is None
    store(entry, b"answer")
    assert kept(entry, bytes) == b"answer"
    assert list(entry.parent.iterdir()) == [entry]


@pytest.mark.parametrize("damage", [
    lambda raw: b"", lambda raw: raw[:-1], lambda raw: raw[:10], lambda raw: raw + b"x", lambda raw: raw[1:],
    lambda raw: raw.replace(b"answer", b"answes"), lambda raw: b"answer"])
def test_damage_is_said_once_and_counts_as_absence(damage: Any, tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    entry = tmp_path / "x.kept"
    store(entry, b"answer")
    entry.write_bytes(damage(entry.read_bytes()))
    assert kept(entry, bytes) is None and kept(entry, bytes) is None
    assert capsys.readouterr().err.count(f"testbed: {entry}: damaged entry of the cache") == 1
    store(entry, b"answer")
    assert kept(entry, bytes) == b"answer"


def test_an_entry_that_nobody_can_read_counts_as_absent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store(tmp_path / "x.kept", b"no number")
    assert kept(tmp_path / "x.kept", float) is None
    assert "could not convert string to float" in capsys.readouterr().err


def unusable(folder: Path, kind: str) -> Path:
    (folder / "file").write_text("")
    (folder / "entry" / "x.kept").mkdir(parents=True)
    return {"a file": folder / "file", "below a file": folder / "file" / "cache", "entry": folder / "entry",
            "no place": Path("/proc/nowhere")}[kind]


@pytest.mark.parametrize("kind", ["a file", "below a file", "entry", "no place"])
def test_a_folder_that_cannot_be_used_is_said_once_and_does_no_harm(kind: str, tmp_path: Path,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    folder = unusable(tmp_path, kind)
    for _ in range(2):
        assert kept(folder / "x.kept", bytes) is None
        store(folder / "x.kept", b"answer")
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(f"testbed: cache folder {folder} cannot be used (")
    assert not list(tmp_path.rglob("*.part"))


def test_a_full_disk_leaves_no_half_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    store(tmp_path / "x.kept", b"answer")
    assert list(tmp_path.iterdir()) == []
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_goes_on_without_its_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    path = small_run.run(tmp_path, *SHORT, cache_dir=tmp_path / "file")
    assert path.is_file()
    assert capsys.readouterr().err.count("cannot be used") == 1

