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


@reported
def command(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0: any free one.")],
) -> None:
    """Simulate districts for runs elsewhere (execution.remote), until stopped; prints its address.

    Whoever reaches the address can have code run here: listen in trusted networks only.
    """
    host, port = listen_address(listen)
    try:
        asyncio.run(DistrictServer().serve(host, port, lambda address: print(f"listening on {address}", flush=True)))
    except CannotListen as error:
        raise WrongRequest([f"--listen {error}"]) from error
    except KeyboardInterrupt:
        say("testbed: stopped")
        os._exit(STOPPED)  # a solver at work would hold the process up, and there is nothing here to be saved
