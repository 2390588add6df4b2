"""What of a run goes into its file: of days under control before counted time, their plans alone."""

from types import SimpleNamespace

from testbed.simulators.recorder import RecorderSimulator


def test_each_plan_of_the_warm_up_is_written_once_and_none_before_there_is_one() -> None:
    written, recorder = [], RecorderSimulator()
    recorder.writer = SimpleNamespace(write_warmup_plan=lambda index, plan: written.append((index, plan)))
    recorder.plan_time_s, recorder.warmup_plans_written = None, 0
    first, second = (SimpleNamespace(time_s=time_s, to_arrays=lambda time_s=time_s: time_s)
                     for time_s in (-172_800, -86_400))
    for plan in (None, first, first, second):
        recorder._write_warmup_plan(plan)
    assert written == [(0, -172_800), (1, -86_400)]
