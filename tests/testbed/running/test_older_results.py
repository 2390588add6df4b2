"""What stands where a run is to write stays, unless it answers the same request or the user insists."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from testbed.running.older_results import overwriting_mistake
from testbed.running.preflight import WrongRequest, compare_request, run_request
from testbed.scenario.loading import load_scenario
from testbed.wiring.asked import asked_digest, asked_words
from testbed.wiring.run_spec import RunSpec
from tests.testbed.cli_runs import FakeRun, call

SESSIONS = "arrival,departure,delivered_kwh\n2019-01-0{day}T08:00:00,2019-01-0{day}T12:00:00,5\n"


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def spec_of(output: Path, controller: str = "bilayer", seed: int = 1, plan: Path | None = None,
            **changes: Any) -> RunSpec:
    scenario = load_scenario("smoke").model_copy(update={"seed": seed, **changes})
    return RunSpec(scenario, controller, seed, output, plan)


@pytest.fixture
def older(write_result: Any, tmp_path: Path) -> Path:
    """The result of smoke under bilayer with seed 1."""
    spec = spec_of(tmp_path)
    path: Path = write_result("old.h5", made=spec.scenario, run={"asked": asked_words(spec)})
    return path


def mistake(output: Path, controller: str = "bilayer", **asked: Any) -> str:
    name = controller.rpartition(":")[2].partition("(")[0].lower() if ".py:" in controller else controller
    return overwriting_mistake(spec_of(output, controller, **asked), name, f"-o {output}")


def test_the_same_request_may_write_again(older: Path) -> None:
    assert mistake(older) == ""
    assert mistake(older, name="another name", description="other words") == ""


@pytest.mark.parametrize(("asked", "words"), [
    ({"seed": 2}, "seed is 1 there, 2 here"), ({"days": 2}, "days is 1 there, 2 here"),
    ({"controller": "temporal"}, "controller is bilayer there, temporal here"),
    ({"plan": Path("/plans/a.h5")}, "plan is absent there, /plans/a.h5 here"),
])
def test_another_request_is_told_with_what_differs(older: Path, asked: dict[str, Any], words: str) -> None:
    text = mistake(older, **asked)
    assert f"-o {older}: holds the result of another request" in text
    assert words in text and "--force" in text


def test_parameters_and_named_files_are_part_of_the_request(write_result: Any, tmp_path: Path) -> None:
    own = f"{tmp_path}/mine.py:Bilayer(high=3)"
    kept = asked_words(spec_of(tmp_path, own))
    assert kept["controller"] == "mine.py:Bilayer(high=3)"
    path = write_result("old.h5", made=spec_of(tmp_path).scenario, run={"asked": kept})
    assert mistake(path, own) == ""
    assert mistake(path, f"{tmp_path}/other/mine.py:Bilayer(high=3)") == ""
    assert "(high=3) there, mine.py:Bilayer(high=9) here" in mistake(path, f"{tmp_path}/mine.py:Bilayer(high=9)")
    path = write_result("old.h5", made=spec_of(tmp_path).scenario, run={"asked": kept | {"files": "another digest"}})
    assert "other content of files" in mistake(path, own)


def digest_of_request(spec: RunSpec, label: str = "bilayer") -> str:
    return asked_digest(spec, label, asked_words(spec))


def test_a_result_that_tells_its_request_is_known_without_being_opened(
        write_result: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_result("old.h5", made=spec_of(tmp_path).scenario,
                        run={"asked_digest": digest_of_request(spec_of(tmp_path))})
    tried: list[Path] = []
    monkeypatch.setattr("testbed.running.older_results.trial_mistake", lambda path, **_: tried.append(path) or "")
    assert (mistake(path), tried) == ("", [])
    assert "seed is 1 there, 2 here" in mistake(path, seed=2) and tried == [path]


def test_every_difference_of_a_request_changes_its_digest(tmp_path: Path) -> None:
    own = tmp_path / "units.csv"
    own.write_text("1")
    system = load_scenario("smoke").system.model_copy(update={"units": str(own)})
    specs = [spec_of(tmp_path), spec_of(tmp_path, seed=2), spec_of(tmp_path, days=2),
             spec_of(tmp_path, "mine.py:Bilayer(high=3)"), spec_of(tmp_path, plan=Path("/plans/a.h5")),
             spec_of(tmp_path, system=system)]
    digests = {digest_of_request(spec) for spec in specs} | {digest_of_request(specs[0], "bilayer(high=3)")}
    own.write_text("2")
    digests.add(digest_of_request(specs[-1]))
    assert len(digests) == len(specs) + 2
    assert digest_of_request(spec_of(tmp_path / "elsewhere", name="another name")) in digests


def test_a_file_that_is_no_result_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_text(f"my notes of {digest_of_request(spec_of(tmp_path))}")
    assert "there is a file already, no result that can be read" in mistake(tmp_path / "mine.h5")
    assert mistake(tmp_path / "new.h5") == ""


def test_a_refused_request_leaves_the_older_result(here: Path, fake_run: FakeRun, older: Path) -> None:
    before = digest(older)
    for wrong in (["--set", "days=2"], ["--set", "step_s=7"], ["--controller", "nobody"], ["--set", "seed=2"]):
        done = call("run", "smoke", "--controller", "bilayer", "-o", older, *wrong)
        assert (done.exit_code, digest(older), fake_run.calls) == (2, before, [])
    assert call("run", "smoke", "--set", "days=2", "-o", older, "--force").exit_code == 0
    assert len(fake_run.calls) == 1


def test_a_comparison_names_every_result_it_would_write_over(older: Path) -> None:
    for name in ("temporal-seed1.h5", "bilayer-seed1.h5", "bilayer-seed2.h5"):
        older.with_name(name).write_bytes(older.read_bytes())
    with pytest.raises(WrongRequest) as wrong:
        compare_request("smoke", ["bilayer", "temporal"], 2, folder=older.parent)
    assert [text.split(":")[0].rpartition("/")[2] for text in wrong.value.mistakes] == [
        "bilayer-seed2.h5", "temporal-seed1.h5"]
    assert compare_request("smoke", ["bilayer", "temporal"], 2, folder=older.parent, force=True).seeds == (1, 2)


@pytest.mark.parametrize("name", ["..", ".", "a/../..", "\u00e4 b"])
def test_no_name_of_a_scenario_leads_out_of_the_results(here: Path, name: str) -> None:
    output = run_request("smoke", "no_pev", overrides=[f"name='{name}'"]).output
    assert Path("results") == output.parent.parent and output.parent.name not in {"", ".", ".."}


def test_seeds_end_with_the_last_that_is_allowed() -> None:
    with pytest.raises(WrongRequest, match="must be from 0 to 9223372036854775807"):
        compare_request("smoke", ["no_pev"], 2, [f"seed={2**63 - 1}"])
