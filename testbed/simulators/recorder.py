"""Recorder as a simulator: everything that is recorded, from the attribute table into the result file."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Mapping
from typing import Any

from controllers.port import Plan
from testbed.peers.told import TOLD, Told, below
from testbed.results.recording import open_traces, open_writer
from testbed.simulators.adapter import SYSTEM, Adapter, Inputs, Values
from testbed.wiring.attributes import RECORD, traced
from testbed.wiring.heartbeat import Heartbeat
from testbed.wiring.run_spec import DAY_S, RunSpec


class RecorderSimulator(Adapter):
    """One entity for the system and one per district. Of the warm-up only plans are written, for replays.

    It never calls a run completed: that is for run.py, which has the proof.
    """

    simulator = "recorder"

    def build(self, spec: RunSpec) -> None:
        assert self.ledger_dir is not None  # the recorder is never served elsewhere
        self.heart = Heartbeat(self.ledger_dir)
        self.writer = open_writer(spec, self.ledger_dir)
        self.traces = open_traces(spec)
        self.plan_time_s: int | None = None
        self.plans_written = self.warmup_plans_written = 0

    def advance(self, now_s: int, inputs: Inputs) -> dict[str, Values]:
        if now_s >= 0:
            self._write(now_s // self.spec.step_s, inputs)
        else:
            self._write_warmup_plan(inputs[SYSTEM]["plan"])
        self.heart.beat(self.steps_done + 1)
        if (now_s + self.spec.step_s - self.spec.start_s) % DAY_S == 0:
            give_back_memory()
        return {name: {} for name in self.entities}

    def _inward(self, eid: str, name: str, sources: Mapping[str, Any]) -> Any:
        """The records of all simulators that speak to the entity, as one."""
        if name != RECORD:
            return super()._inward(eid, name, sources)
        return {key: value for record in sources.values() for key, value in self._border.inward(record).items()}

    def _write(self, index: int, inputs: Inputs) -> None:
        districts = {name: values for name, values in inputs.items() if name != SYSTEM}
        self.writer.write_step(index, inputs[SYSTEM][RECORD],
                               {name: values[RECORD] for name, values in districts.items()},
                               self._added(inputs[SYSTEM].get(TOLD, {})))
        self._write_plan(inputs[SYSTEM]["plan"])
        if self.traces is not None:
            for name, values in districts.items():
                self.traces.write_step(index, name, {a.name: values[a.name] for a in traced()})
        if index + 1 == self.spec.steps_counted:
            self._finish(districts)

    def _added(self, told: Told) -> dict[str, dict[str, float]]:
        """What added simulators said, by their names."""
        return {name: below(told, name) for name, added in self.spec.scenario.simulators.items()
                if added.place == "added" and added.gives}

    def _write_plan(self, plan: Plan | None) -> None:
        if plan is not None and plan.time_s != self.plan_time_s:
            self.writer.write_plan(self.plans_written, plan.to_arrays())
            self.plan_time_s = plan.time_s
            self.plans_written += 1

    def _write_warmup_plan(self, plan: Plan | None) -> None:
        if plan is not None and plan.time_s != self.plan_time_s:
            self.writer.write_warmup_plan(self.warmup_plans_written, plan.to_arrays())
            self.plan_time_s = plan.time_s
            self.warmup_plans_written += 1

    def _finish(self, districts: dict[str, Values]) -> None:
        for name, values in districts.items():
            self.writer.write_totals(name, values["totals"].to_arrays())
        if self.traces is not None:
            self.traces.close()
        self.writer.release()

    def finalize(self) -> None:
        """mosaik calls this at the end of a run, complete or not; the file is left for run.py to judge."""
        if hasattr(self, "writer"):
            self.writer.release()
        if traces := getattr(self, "traces", None):
            traces.release()


def give_back_memory() -> None:
    """What a day left behind goes back to the system, in some hundredths of a second.

    A run has no automatic collection (it would look at every car's process again and again), but solvers and their
    models leave circles behind; and glibc keeps what is free between other blocks until it is asked.
    """
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
