"""Where answers are kept."""

from pathlib import Path

import pytest

from testbed.scenario.loading import load_scenario
from testbed.wiring.content_cache import cache_folder, default_cache_dir


def test_cache_directory_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_dir() == tmp_path / "pev-testbed"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache_dir() == Path.home() / ".cache" / "pev-testbed"


def test_a_scenario_may_say_where(tmp_path: Path) -> None:
    assert cache_folder(load_scenario("smoke", [f"execution.cache_dir={tmp_path}"])) == tmp_path
    assert cache_folder(load_scenario("smoke")) == default_cache_dir()
