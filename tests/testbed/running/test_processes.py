"""Processes that simulate for a run: one that is gone or silent ends it, one at work never does."""

import asyncio
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from testbed.running.processes import Fates, Served
from testbed.simulators.adapter import meta_of
from testbed.simulators.serve_district import DistrictServer, ServedSimulator
from testbed.wiring.failure import SimulatorFailure, end_of_process
from testbed.wiring.pulse import beat_beside, pulse_file

PATIENCE_S = 2.0


@contextmanager
def served(step, monkeypatch):
    """A district server in a thread, whose simulator's step is this function; its address."""
    def become(self, *_):
        self.inner = SimpleNamespace(step=lambda time_s, inputs, max_advance: step(self.server))
        return meta_of("fleet")
    monkeypatch.setattr(ServedSimulator, "_become", become)
    server, addresses, is_up = DistrictServer(), [], threading.Event()

    def serve():
        async def until_cancelled():
            server.loop, server.task = asyncio.get_running_loop(), asyncio.current_task()
            await server.serve("127.0.0.1", 0, lambda address: (addresses.append(address), is_up.set()))
        with suppress(asyncio.CancelledError):
            asyncio.run(until_cancelled())

    thread = threading.Thread(target=serve)
    thread.start()
    assert is_up.wait(20)
    try:
        yield addresses[0]
    finally:
        server.loop.call_soon_threadsafe(server.task.cancel)
        thread.join()


async def stepped(address):
    """What a step there gives, at 03:00 after a warm-up of an hour."""
    proxy = await Served(address, Fates(PATIENCE_S, 3600)).start("fleet@rest", None, {})
    try:
        await proxy.init("fleet@rest", time_resolution=1.0, simulator="fleet")
        return await proxy.send(["step", (14_400, {}, 0), {}])
    finally:
        await proxy.stop()


def test_a_solver_at_work_is_not_taken_for_silent(monkeypatch):
    """A step of twice the patience, in which the server goes on telling that it lives."""
    def long_step(server):
        time.sleep(2 * PATIENCE_S)
        return 18_000
    with served(long_step, monkeypatch) as address:
        assert asyncio.run(stepped(address)) == 18_000


@pytest.mark.slow
def test_a_server_that_stands_still_is_lost_after_patience(monkeypatch):
    """Nothing of it moves, as after SIGSTOP."""
    def stopped(server):
        server.loop.call_soon_threadsafe(time.sleep, 2 * PATIENCE_S + 2)
        time.sleep(2 * PATIENCE_S + 2)
    with served(stopped, monkeypatch) as address:
        begun = time.perf_counter()
        with pytest.raises(SimulatorFailure) as lost:
            asyncio.run(stepped(address))
        assert time.perf_counter() - begun < 2 * PATIENCE_S + 2
    assert lost.value.failure.text == (
        f"fleet@rest failed at day 1 03:00: `testbed serve-district` at {address} is silent for 2 s "
        "(execution.patience_s): stopped, or it hangs")


def test_a_server_that_is_gone_is_lost_at_once(monkeypatch):
    """Its connections end while nobody waits for an answer."""
    async def idle(address, end):
        fates = Fates(600.0, 0)
        proxy = await Served(address, fates).start("fleet@rest", None, {})
        await proxy.init("fleet@rest", time_resolution=1.0, simulator="fleet")
        await asyncio.sleep(0.5)
        end()
        failure = await asyncio.wait_for(fates.lost, 10)
        with pytest.raises(SimulatorFailure):
            await proxy.send(["step", (0, {}, 0), {}])
        await proxy.stop()
        return failure

    connections = []
    connected = DistrictServer._connected

    async def kept(self, reader, writer):
        connections.append((asyncio.get_running_loop(), writer))
        await connected(self, reader, writer)

    monkeypatch.setattr(DistrictServer, "_connected", kept)
    with served(lambda server: 0, monkeypatch) as address:
        def end():
            for loop, writer in connections:
                loop.call_soon_threadsafe(writer.close)
        failure = asyncio.run(idle(address, end))
    assert failure.cause == f"connection to `testbed serve-district` at {address} lost"


def test_a_process_beats_beside_its_work(tmp_path):
    beat_beside(tmp_path, "fleet")
    deadline, seen = time.perf_counter() + 10, set()
    while len(seen) < 3 and time.perf_counter() < deadline:
        sum(range(200_000))  # at work
        file = pulse_file(tmp_path, "fleet")
        seen |= {file.read_text()} if file.is_file() else set()
    assert len(seen - {""}) >= 2


@pytest.mark.parametrize(("code", "words"), [
    (None, ""), (0, "it ended without a word, exit code 0"), (-9, "it was killed by SIGKILL")])
def test_the_end_of_a_process_in_words(code, words):
    assert end_of_process("it", code) == words
