"""The leaner functions of mosaik's scheduler do what mosaik's own do, in any wiring of simulators."""

from __future__ import annotations

import re
from contextlib import nullcontext
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

import mosaik
import mosaik_api_v3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mosaik import scheduler

from testbed.results.reading import equal_results
from testbed.running import lean_mosaik
from testbed.running.lean_mosaik import READ_VERSION, lean_scheduling
from tests.testbed import small_run

UNTIL = 24
SIMULATORS = 5
Log = list[tuple[str, int, dict[str, Any]]]


class Telling(mosaik_api_v3.Simulator):
    """Says when it stepped and on what; its value is the sum of what it heard and a number of its own."""

    log: ClassVar[Log] = []

    def __init__(self) -> None:
        super().__init__({"api_version": "3.0", "type": "hybrid", "extra_methods": [],
                          "models": {"M": {"public": True, "params": [], "attrs": ["out", "heard", "called"],
                                           "trigger": ["called"], "non-persistent": []}}})
        self.value = 0

    def init(self, sid: str, time_resolution: float, *, period: int) -> Any:
        self.sid, self.period = sid, period
        return self.meta

    def create(self, num: int, model: str) -> Any:
        return [{"eid": "one", "type": model}]

    def step(self, time: int, inputs: Any, max_advance: int) -> int:
        heard = {attribute: dict(sorted(values.items())) for attribute, values in inputs.get("one", {}).items()}
        Telling.log.append((self.sid, time, heard))
        self.value = (sum(sum(values.values()) for values in heard.values()) + time + len(self.sid)) % 1009
        return time + self.period

    def get_data(self, outputs: Any) -> Any:
        return {"one": {"out": self.value}}


def told(periods: list[int], edges: list[tuple[int, int, bool, bool]], *, is_lean: bool) -> Log:
    """What simulators of these periods said; an edge is (from, to, shifted, triggering)."""
    Telling.log = []
    # with its cache mosaik forgets outputs of simulators that step seldom
    with mosaik.World({"T": {"python": f"{__name__}:Telling"}}, skip_greetings=True, cache=False,
                      configure_logging=False) as world:
        models = [world.start("T", sim_id=f"s{index}", period=period).M() for index, period in enumerate(periods)]
        for source, target, is_shifted, is_calling in edges:
            late = {"time_shifted": True, "initial_data": {"out": 0}} if is_shifted else {}
            world.connect(models[source], models[target], ("out", "called" if is_calling else "heard"), **late)
        with lean_scheduling() if is_lean else nullcontext():
            world.run(until=UNTIL, print_progress=False, lazy_stepping=False)
    return Telling.log


PAIRS = list(combinations(range(SIMULATORS), 2))
EDGES = st.lists(st.tuples(st.sampled_from(PAIRS), st.booleans(), st.booleans()), max_size=9,
                 unique_by=lambda edge: edge[0])


@settings(max_examples=40, deadline=None)
@given(periods=st.lists(st.integers(1, 5), min_size=SIMULATORS, max_size=SIMULATORS), drawn=EDGES)
def test_each_simulator_steps_at_the_same_times_on_the_same_values(
        periods: list[int], drawn: list[tuple[tuple[int, int], bool, bool]]) -> None:
    # a shifted edge may go back, against the others; what triggers goes forwards
    edges = [(low, high, False, is_calling) if not is_back else (high, low, True, False)
             for (low, high), is_back, is_calling in drawn]
    own, lean = told(periods, edges, is_lean=False), told(periods, edges, is_lean=True)
    assert len(own) >= SIMULATORS * (UNTIL // 5)
    for name in (f"s{index}" for index in range(SIMULATORS)):
        assert [step for step in lean if step[0] == name] == [step for step in own if step[0] == name]


def test_the_version_that_was_read_is_the_one_installed() -> None:
    text = (Path(__file__).parents[3] / "constraints.txt").read_text(encoding="utf-8")
    assert re.search(rf"(?m)^mosaik=={re.escape(READ_VERSION)}$", text)
    assert mosaik.__version__ == READ_VERSION


def test_mosaik_is_as_it_was_afterwards_and_where_it_has_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    own = scheduler.wait_for_dependencies, scheduler.advance_progress
    with pytest.raises(ZeroDivisionError), lean_scheduling():
        assert scheduler.wait_for_dependencies is not own[0] and scheduler.advance_progress is not own[1]
        raise ZeroDivisionError
    assert (scheduler.wait_for_dependencies, scheduler.advance_progress) == own
    monkeypatch.setattr(lean_mosaik, "READ_VERSION", "0.0")
    with lean_scheduling():
        assert (scheduler.wait_for_dependencies, scheduler.advance_progress) == own


def test_a_run_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lean = small_run.run(tmp_path / "lean")
    monkeypatch.setattr(lean_mosaik, "READ_VERSION", "0.0")
    assert equal_results(lean, small_run.run(tmp_path / "own")) == []
