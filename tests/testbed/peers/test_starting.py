"""Simulators of others in processes of their own: found at an address, or started with one to connect to."""

import asyncio
import sys
from types import SimpleNamespace

import pytest

from testbed.peers.proxy import PeerProxy, Terms, Unanswered
from testbed.peers.starting import PeerStarter

PATIENT = Terms(step_s=3600, until_s=86_400, warmup_s=7200, patience_s=30.0)
REMOTE = SimpleNamespace(sid="grid")
"""Stands for mosaik, which a simulator may ask back."""
CONNECTS = ("import socket, sys; host, port = sys.argv[1].split(':'); "
            "socket.create_connection((host, int(port))).recv(1)")
"""Says nothing, until the other end is closed."""


def test_a_command_that_connects_is_spoken_to_at_its_connection() -> None:
    async def started() -> None:
        starter = PeerStarter(f'cmd: %(python)s -S -c "{CONNECTS}" %(addr)s', PATIENT, processes)
        proxy = await starter.start("grid", REMOTE, None)
        assert isinstance(proxy, PeerProxy) and proxy.name == "grid"
        assert processes[0].poll() is None, "it waits to be asked"
        await asyncio.wait_for(proxy.stop(), 5)
    processes = []
    asyncio.run(started())
    assert processes[0].wait(5) == 0


def test_a_command_that_never_connects_is_told_with_the_patience() -> None:
    words = f"{sys.executable} -S -c 'import time; time.sleep(60)' %(addr)s"
    starter = PeerStarter(f"cmd: {words}", Terms(3600, 86_400, 7200, 0.05), processes := [])
    try:
        with pytest.raises(Unanswered) as told:
            asyncio.run(starter.start("grid", REMOTE, None))
    finally:
        processes[0].kill()
        processes[0].wait()
    assert str(told.value) == f"`{words}` did not connect to %(addr)s in 0.05 s (execution.patience_s)"


def test_one_that_listens_is_reached_at_its_address() -> None:
    async def reached() -> None:
        came = asyncio.Event()
        server = await asyncio.start_server(lambda reader, writer: (came.set(), writer.close()), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        proxy = await PeerStarter(f"connect: 127.0.0.1:{port}", PATIENT, []).start("grid", REMOTE, None)
        await asyncio.wait_for(came.wait(), 5)
        await proxy.stop()
        server.close()
    asyncio.run(reached())
