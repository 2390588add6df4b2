"""A process is known again, and never taken for another of the same number or on another host."""

import json
import os
import subprocess
import sys
from dataclasses import replace

from testbed.wiring.owner import Owner, this_process


def test_this_process_is_there():
    mine = this_process()
    assert (mine.pid, mine.presence) == (os.getpid(), "there")
    assert Owner.from_json(mine.to_json()) == mine


def test_a_process_that_ended_is_gone_be_it_not_yet_waited_for():
    words = "from testbed.wiring.owner import this_process as o; import json; print(json.dumps(o().to_json()))"
    with subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True) as process:
        owner = Owner.from_json(json.loads(process.stdout.readline()))
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, but the system still lists it
        assert owner.presence == "gone"
    assert owner.presence == "gone"


def test_a_number_that_was_given_again_is_another_process():
    assert replace(this_process(), started_s=this_process().started_s - 60).presence == "gone"


def test_of_another_host_nobody_here_can_tell():
    assert replace(this_process(), host="elsewhere.invalid").presence == "elsewhere"
