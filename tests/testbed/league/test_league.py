"""The league: scores on a ledger, and entries that are given the port's records only."""

import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from testbed.cli.app import app
from testbed.league.entry import EntryFailed, EntryProcess, entry_of
from testbed.league.league import league_request, play
from testbed.league.standings import ledger_of, page, standings
from testbed.results.equality import equal_results
from testbed.running.one_run import run_scenario
from testbed.running.preflight import WrongRequest
from testbed.scenario.loading import load_scenario
from testbed.setup.controller_loading import ControllerError
from testbed.setup.given_controllers import label_of
from testbed.users.parameters import values_of
from tests.testbed import small_run

PLAIN = Path(small_run.__file__).with_name("plain_controller.py")
LEDGER = "society_cost_usd_adjusted"
REACHING = """
from controllers.base import BaseController


class Reaching(BaseController):
    name = "reaching"
    description = "reaches for what it must not know"
    what: str = ""

    def __init__(self, what: str = ""):
        self.what = what

    def temporal(self, knowledge):
        try:
            {reach}
        except Exception:
            pass
        return super().temporal(knowledge)
"""


def figures(cost_usd: float, gap: float = 1e-4) -> dict[str, float | None]:
    return {LEDGER: cost_usd, "plan_gap_max_rel": gap, "objective_usd": 1000.0, "departures_short_kwh": 0.0,
            "fast_charged_mwh": 0.0, "charged_mwh": 1.0, "driven_mwh": 1.0}


def table(**costs: tuple[float, ...]) -> dict[str, dict[int, dict[str, float | None]]]:
    return {name: dict(enumerate(map(figures, values))) for name, values in costs.items()}


# ---------------------------------------------------------------- scores
def test_zero_is_uncoordinated_and_a_hundred_is_oracle() -> None:
    rows = standings("day", LEDGER, table(uncoordinated=(1000, 1010), oracle=(900, 910), mine=(975, 985)))
    assert [(row.controller, row.score) for row in rows] == [("oracle", 100), ("mine", 25), ("uncoordinated", 0)]
    assert rows[1].saved_usd == 25 and rows[1].saved_ci95_usd == 0
    assert "| `mine` | 25.0 | 25.00 | 0.00 | equal |" in page(rows, (1, 2))


@pytest.mark.parametrize("oracle", [(999.9, 1009.9), (900.0, 1100.0), (1100.0, 1110.0)])
def test_where_oracle_is_not_resolved_there_are_dollars_and_no_score(oracle: tuple[float, float]) -> None:
    rows = standings("day", LEDGER, table(uncoordinated=(1000, 1010), oracle=oracle, mine=(975, 985)))
    assert all(math.isnan(row.score) for row in rows)
    assert next(row.saved_usd for row in rows if row.controller == "mine") == 25


def test_who_has_no_cars_to_serve_stands_last_and_has_no_score() -> None:
    runs = table(uncoordinated=(1000, 1010), oracle=(900, 910), nobody=(500, 510))
    for of_seed in runs["nobody"].values():
        of_seed |= {"charged_mwh": 0.0, "driven_mwh": 0.0}
    rows = standings("day", LEDGER, runs)
    assert [row.controller for row in rows] == ["oracle", "uncoordinated", "nobody"]
    assert math.isnan(rows[-1].score) and rows[-1].saved_usd == 500
    assert "| `nobody` | - | 500.00 | 0.00 | no cars to serve |" in page(rows, (1, 2))


def test_the_ledger_is_what_is_optimised() -> None:
    assert ledger_of(load_scenario("smoke", ["objective.tariff_in_objective=false"])) == LEDGER
    assert ledger_of(load_scenario("smoke", ["objective.tariff_in_objective=true"])) == "objective_usd_adjusted"


# ---------------------------------------------------------------- entries
def entry_file(folder: Path, reach: str) -> str:
    (folder / "mine.py").write_text(REACHING.format(reach=reach))
    return f"{folder / 'mine.py'}:Reaching"


@pytest.mark.parametrize(("reach", "what"), [
    ("from models.mobility import mobility", "the module models.mobility"),
    ("open('results.h5')", "the file"), ("import socket; socket.create_connection(('127.0.0.1', 9))", "the network"),
    ("import subprocess; subprocess.run(['true'])", "another process")])
def test_what_is_beyond_the_port_is_refused_and_named(tmp_path: Path, reach: str, what: str) -> None:
    process = EntryProcess(entry_file(tmp_path, reach))
    with pytest.raises(EntryFailed, match=rf"refused: it reached for {what}.* at mine.py:1\d"):
        process.ask("temporal", None)


def test_an_entry_tells_its_fields_and_its_content(tmp_path: Path) -> None:
    made = entry_of(f"{entry_file(tmp_path, 'pass')}(what='x')")
    assert (made.name, made.car_control, made.places_cars) == ("reaching", "none", False) and len(made.content) == 64
    with pytest.raises(ControllerError, match="there is no file"):
        entry_of("nowhere.py:Mine")
    with pytest.raises(ControllerError, match=r"written path/to/mine.py:Class"):
        entry_of("bilayer")


PRICED = """
from dataclasses import dataclass
from pathlib import Path
from controllers.base import BaseController

@dataclass
class Priced(BaseController):
    name = "priced"
    description = "for tests"
    high: float = 0.2

    def __post_init__(self):
        self.weights = Path(__file__).with_name("weights.txt").read_text()
"""


def test_an_entry_tells_its_parameters_and_which_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PRICED)
    (tmp_path / "weights.txt").write_text("1")
    spec = f"{tmp_path / 'mine.py'}:Priced"
    dear = entry_of(f"{spec}(high=1)")
    assert (label_of(dear), values_of(dear)) == ("priced(high=1.0)", {"high": 1.0})
    with pytest.raises(EntryFailed, match=r"hihg is no parameter of Priced .*; high='x': must be a number"):
        entry_of(f"{spec}(high='x', hihg=1)")


@pytest.mark.slow
def test_an_entry_whose_weights_changed_is_another(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PRICED)
    contents = []
    for weights in ("1", "2", "1"):
        (tmp_path / "weights.txt").write_text(weights)
        contents.append(entry_of(f"{tmp_path / 'mine.py'}:Priced").content)
    assert contents[0] == contents[2] != contents[1]


@pytest.mark.slow
def test_what_an_entry_is_looked_at_with_is_beyond_the_port_too(tmp_path: Path) -> None:
    process = EntryProcess(entry_file(tmp_path, "import testbed.users.parameters"))
    with pytest.raises(EntryFailed, match="refused: it reached for the module testbed"):
        process.ask("temporal", None)


@pytest.mark.slow
def test_answers_are_arrays_and_plain_values(tmp_path: Path) -> None:
    odd = "import fractions\nfrom controllers.base import BaseController\n\nclass Odd(BaseController):\n"
    (tmp_path / "mine.py").write_text(f"{odd}    description = fractions.Fraction(1)\n")
    with pytest.raises(EntryFailed, match="Fraction is no array and no plain value"):
        EntryProcess(f"{tmp_path / 'mine.py'}:Odd")
    (tmp_path / "mine.py").write_text("class Odd:\n    name = 'odd'\n")
    with pytest.raises(EntryFailed, match="is not a controller: it lacks"):
        EntryProcess(f"{tmp_path / 'mine.py'}:Odd")


@pytest.mark.slow
def test_an_entry_does_what_the_same_controller_does_here(tmp_path: Path) -> None:
    here = small_run.run(tmp_path)
    scenario = small_run.scenario(cache_dir=small_run.shared_cache(tmp_path))
    there = run_scenario(scenario, entry_of(f"{PLAIN}:Plain"), seed=1, output=tmp_path / "there.h5")
    assert [name for name in equal_results(here, there) if "@controller" not in name] == []


def test_all_mistakes_of_a_request_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest) as caught:
        league_request(["nowhere.py:Mine"], ["bylayer"], tmp_path / "out")
    assert "--add nowhere.py:Mine: there is no file" in str(caught.value) and "bylayer" in str(caught.value)
    ended = CliRunner().invoke(app, ["league", "--add", "bilayer", "-o", str(tmp_path / "out")])
    assert ended.exit_code == 2 and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_two_runs_of_the_league_are_equal(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        league = league_request([f"{PLAIN}:Plain"], ["temporal"], tmp_path / name, ("smoke",), (104, 109))
        rows = play(league, workers=2, say=lambda text: None)
        assert {row.controller for row in rows} == {"uncoordinated", "oracle", "temporal", "plain"}
        texts.append((tmp_path / name / "league.md").read_text())
    assert texts[0] == texts[1]
