"""Every network is held against pandapower once, before a run that solves it with the fast engine."""

import pytest

from controllers.variants.uncoordinated import Uncoordinated
from testbed.results.reading import open_result
from testbed.running.one_run import RunFailed
from testbed.setup import engine_check
from testbed.setup.controller_loading import controller_spec
from testbed.setup.engine_check import engines_disagree
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run


def spec_in(folder):
    described = small_run.scenario(cache_dir=folder / "cache")
    return RunSpec(described, controller_spec(Uncoordinated()), 1, folder / "run.h5")


def verdicts(folder):
    """Files of verdicts that are kept."""
    return list((folder / "cache").glob("engines-*"))


def test_a_network_is_held_against_pandapower_once(tmp_path, monkeypatch):
    spec = spec_in(tmp_path)
    assert verdicts(tmp_path) == []
    assert engines_disagree(spec) == "" and len(verdicts(tmp_path)) == 1
    monkeypatch.setattr(engine_check, "engine_error_pu", lambda feeder: pytest.fail("checked again"))
    assert engines_disagree(spec) == ""


def test_an_engine_that_is_wrong_fails_the_run_and_the_network_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_check, "engine_error_pu", lambda feeder: 3e-8)
    with pytest.raises(RunFailed, match=r"feeder failed .*feeder33: lightsim2grid differs from pandapower by 3e-08 pu"):
        small_run.run(tmp_path, cache_dir=tmp_path / "cache")
    assert open_result(tmp_path / "run.h5").status == "failed"


def test_a_verdict_that_is_known_ends_the_run_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_check, "engine_error_pu", lambda feeder: 3e-8)
    assert engines_disagree(spec_in(tmp_path)) and verdicts(tmp_path)
    monkeypatch.setattr("testbed.running.one_run.build_world",
                        lambda *_: pytest.fail("simulated although the engine is wrong"))
    with pytest.raises(RunFailed, match="lightsim2grid differs from pandapower by 3e-08 pu"):
        small_run.run(tmp_path, cache_dir=tmp_path / "cache")
    left = open_result(tmp_path / "run.h5")
    assert (left.status, left.steps_written) == ("failed", 0)


def test_a_voltage_that_is_no_number_is_no_agreement(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_check, "engine_error_pu", lambda feeder: float("nan"))
    assert "feeder33" in engines_disagree(spec_in(tmp_path))


def test_the_reference_itself_needs_no_check(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_check, "engine_error_pu", lambda feeder: pytest.fail("asked for"))
    described = small_run.scenario("spatial.engine=pandapower", cache_dir=tmp_path)
    assert engines_disagree(RunSpec(described, controller_spec(Uncoordinated()), 1, tmp_path / "run.h5")) == ""


@pytest.mark.parametrize("left", [b"", b"2.98e-1", b"{}"])
def test_a_verdict_cut_short_is_found_anew(left, tmp_path, capsys):
    """`2.98e-1` once was 2.98e-15: it failed every later run."""
    spec = spec_in(tmp_path)
    assert engines_disagree(spec) == ""
    (entry,) = verdicts(tmp_path)
    entry.write_bytes(left)
    assert engines_disagree(spec) == "" and entry.read_bytes() != left
    assert capsys.readouterr().err.count(f"{entry}: damaged entry of the cache") == 1
