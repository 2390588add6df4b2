"""How far a run is, told by a file, a few times a second and at the end."""

import threading
import time

from testbed.wiring.heartbeat import PERIOD_S, Heartbeat, steps_done, watch


def test_nothing_is_done_before_the_first_beat_and_beats_in_a_row_cost_nothing(tmp_path) -> None:
    assert steps_done(tmp_path) == 0
    heart, begun_s = Heartbeat(tmp_path), time.perf_counter()
    heart.beat(3)
    heart.beat(4)  # too soon after the other to be written, unless the machine was away between the two
    assert steps_done(tmp_path) == 3 or time.perf_counter() - begun_s > PERIOD_S


def test_progress_is_told_while_the_work_goes_on_and_once_more_at_its_end(tmp_path) -> None:
    told, is_told = [], threading.Event()

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        is_told.set()

    Heartbeat(tmp_path).beat(7)
    with watch(tmp_path, 24, progress):
        assert is_told.wait(50 * PERIOD_S)
        Heartbeat(tmp_path).beat(24)
    assert told[0] == (7, 24) and told[-1] == (24, 24)
