"""Where the command begins: before anything else is imported, Ctrl-C ends it without Python's words."""

import signal


def main() -> None:
    """Entry point of the console script. What commands do when they are stopped is theirs from when they begin."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # one that is ignored stays so
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from testbed.cli.app import main as act  # noqa: PLC0415 - its imports take most of a second

    act()
