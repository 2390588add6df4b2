"""The server of the live page: on the loopback alone, for its own page alone, until the run has ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from socket import create_server

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.web import Application, HTTPError, RequestHandler

from testbed.reporting.live.page import live_page
from testbed.reporting.live.watched import Watched, result_to_watch, watched
from testbed.running.preflight import WrongRequest

LOOPBACK = "127.0.0.1"
PERIOD_S, GRACE_S, RECENT_S = 0.5, 6.0, 4.0
"""Between looks at the file; for a page to hear how the run ended; within which a page has asked if one is open."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                               "connect-src 'self'; img-src data: blob:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
Say = Callable[[str], None]


def refusal(request: HTTPServerRequest, port: int) -> str:
    """Why a request is none of this page's own or of its user's; empty if it is.

    A page of another origin may send requests here, under a name of its own that leads to the loopback (DNS
    rebinding) too: Host, Origin and Sec-Fetch-Site say so, and no page can forge them.
    """
    hosts = {f"{name}:{port}" for name in (LOOPBACK, "localhost")}
    if request.headers.get("Host", "").lower() not in hosts:
        return "Host must be this machine's loopback"
    if request.headers.get("Origin") not in (None, *(f"http://{host}" for host in hosts)):
        return "other origins are refused"
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "other sites are refused"
    return ""


class _Own(RequestHandler):
    """Answers requests of its own page and user alone."""

    def initialize(self, known: Watched, page: str, port: int) -> None:
        self.known, self.page, self.port = known, page, port

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def prepare(self) -> None:
        if why := refusal(self.request, self.port):
            raise HTTPError(403, reason=why)


class _Page(_Own):
    def get(self) -> None:
        self.finish(self.page)


class _State(_Own):
    def get(self) -> None:
        first = self.get_query_argument("from", "0")
        if not first.isdecimal() or len(first) > 9:
            raise HTTPError(400, reason="from must be a number of steps")
        self.finish(self.known.since(int(first)))


class _NoIcon(_Own):
    """Browsers ask for one; that there is none is no error."""

    def get(self) -> None:
        self.set_status(204)


def follow(path: Path, port: int, say_address: Say) -> Watched:
    """Serve the page of the run that writes this file until it ends; returns how that was.

    port: 0 for any that is free. WrongRequest where the file is not being written, or the port is taken.
    """
    result = result_to_watch(path)
    known, page = watched(result), live_page(result)
    try:
        socket = create_server((LOOPBACK, port))
    except OSError as error:
        raise WrongRequest([f"--port {port}: cannot be listened on ({error.strerror}); 0 takes any that is free"]) \
            from error
    socket.setblocking(False)
    chosen = int(socket.getsockname()[1])
    logging.getLogger("tornado.access").setLevel(logging.ERROR)  # a refused request is told to who sent it

    async def serve() -> None:
        given = {"known": known, "page": page, "port": chosen}
        server = HTTPServer(Application([("/", _Page, given), ("/state", _State, given),
                                         ("/favicon.ico", _NoIcon, given)]))
        server.add_sockets([socket])
        try:
            say_address(f"http://{LOOPBACK}:{chosen}/")
            await _until_over(known)
        finally:
            server.stop()
            await server.close_all_connections()

    asyncio.run(serve())
    return known


async def _until_over(known: Watched) -> None:
    """Look until the run has ended, then let an open page hear of it."""
    while not known.is_over:
        known.look()
        await asyncio.sleep(0 if known.is_over else PERIOD_S)
    ended_s = time.monotonic()
    while not known.is_told_all and time.monotonic() - ended_s < GRACE_S and ended_s - known.told_s < RECENT_S:
        await asyncio.sleep(PERIOD_S / 5)
    await asyncio.sleep(PERIOD_S if known.is_told_all else 0)  # for the answer to arrive
