"""Districts served elsewhere: the same file value for value, and an end with a name when the server fails."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from testbed.results.equality import equal_results
from testbed.results.reading import open_result
from testbed.running.one_run import RunFailed
from testbed.running.preflight import WrongRequest, listen_address
from testbed.scenario.loading import ScenarioError, load_scenario
from testbed.simulators.border import HANDLE, BetweenProcesses, Drawer, Origin, kept_at_home
from testbed.simulators.serve_district import RUNS_KEPT, CannotListen, DistrictServer, ServedSimulator
from testbed.wiring.code_version import code_hash
from testbed.wiring.run_spec import RunSpec
from tests.testbed import small_run

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def address():
    """A server in a process of its own, on the loopback."""
    words = command("serve-district", "--listen", "127.0.0.1:0")
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.fullmatch(r"listening on (127\.0\.0\.1:\d+)\n", server.stdout.readline())[1]
        finally:
            server.terminate()


def command(*words):
    return [sys.executable, "-m", "testbed.cli.app", *words]


def remote(**addresses):
    return "execution.remote={" + ", ".join(f"{name}: '{where}'" for name, where in addresses.items()) + "}"


def both(where):
    return remote(feeder33=where, rest=where)


@pytest.mark.slow
@pytest.mark.parametrize("names", [pytest.param(("feeder33",), id="one", marks=pytest.mark.slow),
                                   pytest.param(("feeder33", "rest"), id="all")])
def test_the_file_is_that_of_a_run_in_one_process(names, folder, address):
    here = small_run.run(folder)
    there = small_run.run(folder, remote(**dict.fromkeys(names, address)), name="served.h5")
    assert equal_results(here, there) == []
    assert open_result(there).run["simulator_s"]["fleet"] > 0


@pytest.mark.slow
def test_a_failure_there_is_named_with_time_and_cause(folder, address):
    with pytest.raises(RunFailed) as failure:
        small_run.run(folder, both(address), controller=small_run.PLAIN.replace(":Plain", ":Throwing"),
                      name="throwing.h5")
    assert failure.value.failure.simulator in ("spatial@feeder33", "spatial@rest")
    assert failure.value.failure.time_s == 14_400
    assert "ZeroDivisionError" in failure.value.failure.cause
    assert open_result(failure.value.partial).status == "failed"


@pytest.mark.slow
def test_a_server_that_dies_ends_the_command_with_its_name(folder):
    output, serve = folder / "dying.h5", ("serve-district", "--listen", "127.0.0.1:0")
    with subprocess.Popen(command(*serve), cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        where = server.stdout.readline().split()[-1]
        done = subprocess.run(command(
            "run", "smoke", "--controller", small_run.PLAIN.replace(":Plain", ":Dying"), "-o", str(output),
            *(word for override in (*small_run.HOURLY, both(where)) for word in ("--set", override))),
            cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    words = rf"@\w+ failed at day 1 0[34]:00: connection to `testbed serve-district` at {where} lost"
    assert re.search(words, done.stderr) and "Traceback" not in done.stderr and "Task" not in done.stderr
    assert open_result(output).status == "failed"


def test_an_address_where_nobody_listens_is_named(folder):
    words = r"mobility@rest failed at warm-up day -1 00:00: no `testbed serve-district` at 127\.0\.0\.1:9"
    with pytest.raises(RunFailed, match=words):
        small_run.run(folder, remote(rest="127.0.0.1:9"), name="nobody.h5")
    assert open_result(folder / "nobody.h5").status == "failed"


@pytest.mark.slow
def test_districts_may_be_served_by_two_processes(folder, address):
    with subprocess.Popen(command("serve-district", "--listen", "127.0.0.1:0"), cwd=ROOT, stdout=subprocess.PIPE,
                          text=True) as server:
        try:
            second = server.stdout.readline().split()[-1]
            here = small_run.run(folder, "record.vehicles=true", name="here.h5")
            there = small_run.run(folder, "record.vehicles=true", remote(feeder33=address, rest=second),
                                  name="two.h5")
            assert equal_results(here, there) == []
        finally:
            server.terminate()


@pytest.mark.parametrize("where", ["{taken}", "no.such.host.invalid:5555"])
def test_an_address_that_cannot_be_listened_at_is_a_wrong_request(where, address):
    listen = where.format(taken=address)
    done = subprocess.run(command("serve-district", "--listen", listen), cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 2 and done.stderr.startswith(f"testbed: --listen {listen}: ")


@pytest.mark.slow
def test_a_server_with_other_code_is_refused(folder, address, monkeypatch):
    monkeypatch.setattr("testbed.running.world.code_hash", lambda: "other")
    with pytest.raises(RunFailed, match=r"serve-district` at [\d.:]+ has other code \(sources \w+, here other\)"):
        small_run.run(folder, remote(rest=address), name="other.h5")


# ---------------------------------------------------------------- a server in this process
def answered(waiting):
    """What a simulator's method gives, awaiting what it yields, as mosaik does."""
    async def walked():
        result = None
        try:
            while True:
                result = await waiting.send(result)
        except StopIteration as stop:
            return stop.value
    return asyncio.run(walked())


def told_to_be(server, simulator, run="1", **changes):
    """A simulator of a run, as the run's first request makes it."""
    spec = RunSpec(load_scenario("smoke"), "no_pev", 1, Path("unused.h5"), **changes)
    served = ServedSimulator(server)
    answered(served.init("a", 1.0, simulator=simulator, spec=spec.to_json(), run=run))
    return served


def test_a_connection_becomes_the_simulator_that_is_asked_for():
    served = told_to_be(DistrictServer(), "fleet")
    assert served.meta["extra_methods"] == ["ledger"] and served.meta["code"] == code_hash()
    assert served.create(1, "Fleet", name="rest") == [{"eid": "rest", "type": "Fleet"}]
    assert served.ledger()["steps"] == 0 and type(served.served).__name__ == "FleetSimulator"


def test_simulators_of_a_run_share_a_drawer_and_of_old_runs_none_is_kept():
    server = DistrictServer()
    first, second, other = (told_to_be(server, name, run) for name, run in (
        ("fleet", "1"), ("mobility", "1"), ("fleet", "2")))
    assert first.served.border is second.served.border is not other.served.border
    for run in range(3, RUNS_KEPT + 2):
        told_to_be(server, "feeder", str(run))
    assert list(server.drawers) == [str(run) for run in range(2, RUNS_KEPT + 2)]


def test_what_is_not_served_is_told():
    with pytest.raises(ValueError, match="simulator 'profiles': served here are mobility, spatial, fleet, feeder"):
        told_to_be(DistrictServer(), "profiles")
    with pytest.raises(ValueError, match="controller no_pev: a district's server takes no pickled controller"):
        told_to_be(DistrictServer(), "spatial", pickled=Path("mine.pickle"))
    with pytest.raises(RuntimeError, match="init comes first"):
        ServedSimulator(DistrictServer()).create(1, "Fleet", name="rest")


def test_a_taken_port_cannot_be_listened_at():
    async def listening():
        other = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = other.sockets[0].getsockname()[1]
        try:
            with pytest.raises(CannotListen, match=rf"^127\.0\.0\.1:{port}: .*in use"):
                await DistrictServer().serve("127.0.0.1", port, print)
        finally:
            other.close()
    asyncio.run(listening())


def test_a_port_beyond_the_last_is_refused_in_a_scenario():
    with pytest.raises(ScenarioError, match=r"remote\.rest = .*99999.*up to 65535"):
        load_scenario("smoke", ["execution.remote={rest: '127.0.0.1:99999'}"])


@pytest.mark.parametrize("wrong", ["5555", "localhost", ":5555", "here:99999", "a b:1"])
def test_a_wrong_address_is_refused(wrong):
    with pytest.raises(WrongRequest, match="must be HOST:PORT"):
        listen_address(wrong)


def test_only_what_the_district_alone_reads_stays_at_home():
    stays = kept_at_home(with_traces=False)
    assert {("mobility", "presence"), ("spatial", "instructions"), ("fleet", "soc")} <= stays
    assert not {("mobility", "cohort_flexibility"), ("fleet", "delivery"), ("fleet", "pev_mw")} & stays
    assert ("fleet", "soc") not in kept_at_home(with_traces=True)


@pytest.mark.parametrize("border", [BetweenProcesses(), Drawer(with_traces=False)])
def test_what_leaves_the_process_is_json_and_comes_back_equal(border):
    said = {"pev_mw": 1.5, "delivered_kwh": np.array([0.1, 0.2])}
    sent = json.loads(json.dumps(border.outward(Origin("fleet", "rest", "delivery"), 0, said)))
    back = border.inward(sent)
    assert back["pev_mw"] == 1.5 and back["delivered_kwh"].tolist() == [0.1, 0.2]


def test_a_handle_gives_the_very_array_of_its_step():
    drawer, origin = Drawer(with_traces=False), Origin("fleet", "rest", "soc")
    first, second = np.array([0.5]), np.array([0.6])
    handles = [drawer.outward(origin, step, soc) for step, soc in enumerate((first, second))]
    assert all(HANDLE in handle for handle in handles)
    assert [drawer.inward(handle)[0] for handle in handles] == [0.5, 0.6]
    with pytest.raises(ValueError, match="read-only"):
        drawer.inward(handles[0])[0] = 1.0
