"""`testbed serve-district`."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from testbed.cli.ending import reported
from testbed.cli.saying import STOPPED, say
from testbed.running.preflight import WrongRequest, listen_address
from testbed.simulators.serve_district import CannotListen, DistrictServer
from testbed.wiring.admission import secret_mistake, shared_secret


@reported
def command(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0: any free one.")] = (
        "127.0.0.1:0"),
) -> None:
    """Simulate districts for runs elsewhere (execution.remote), until stopped; prints its address.

    Whoever is let in can have code run here. Beyond this machine a secret in the environment variable TESTBED_SECRET,
    the same where the runs are, says who that is; nothing is encrypted.
    """
    host, port = listen_address(listen)
    if mistake := secret_mistake(host):
        raise WrongRequest([f"--listen {listen}: {mistake}"])
    server = DistrictServer(shared_secret(), lambda text: say(f"testbed: {text}"))
    try:
        asyncio.run(server.serve(host, port, lambda address: print(f"listening on {address}", flush=True)))
    except CannotListen as error:
        raise WrongRequest([f"--listen {error}"]) from error
    except KeyboardInterrupt:
        say("testbed: stopped")
        os._exit(STOPPED)  # a solver at work would hold the process up, and there is nothing here to be saved
