"""The `testbed` command. Each command checks its whole request first, then acts.

Exit codes: 0 done; 1 a run or a check failed; 2 wrong usage, nothing written; 130 stopped (Ctrl-C, SIGTERM or SIGHUP).
Results go to stdout, everything else to stderr. A command's file is imported when the command is called, so that
`testbed --help` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import sys
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from testbed.cli.saying import DEBUG, STOPPED, say
from testbed.cli.watched import go_on_watched, names_own_code
from testbed.scenario.plain_text import CONTROL
from testbed.wiring.remains import remove_remains

COMMANDS = {
    "run": "Run one scenario under one controller and print the headline figures.",
    "compare": "Run several controllers on the same seeds; table, metrics.csv and report.html.",
    "sweep": "Run all cases of a study on Dask; complete ones are kept, so the same command resumes.",
    "collect": "Make a study's tables of the cases in its folder, whoever carried them out.",
    "league": "Run controllers on the league's scenarios and seeds: 0 is uncoordinated, 100 is oracle.",
    "show": "Print all figures of a result.",
    "report": "Write one self-contained HTML page about a result, all results of a folder, or a study with its tables.",
    "watch": "Follow a running simulation on a page of this machine, from the file that it writes; prints its address.",
    "export": "Write a result in another form: tables, NetCDF, or a district's network with its loads.",
    "verify": "Compute the known answers and hold them against their sources.",
    "acceptance": "Ask cases with known right answers; this testbed's answers beside those of other simulators.",
    "list": "List what there is: the name first on each line, then what it is.",
    "schema": "Print the JSON schema of scenario files, for editors.",
    "serve-district": "Simulate districts for runs elsewhere (execution.remote), until stopped; prints its address.",
    "new": "Write a folder with a commented scenario and tables to fill in, which run as they are.",
    "check": "Open all that a scenario or study names and try how a run begins, or audit a result.",
    "audit": "Hold a result against all rules of the model, by code that shares nothing with the simulators.",
}
"""Name of each and what it does: the first line of its function."""
WRONG_USAGE = 2
PACKAGE = "testbed.cli.commands"
FILES = {"list": "list_of", "serve-district": "serve_district"}
"""Modules that are not called as their command."""


class CommandsOnDemand(TyperGroup):
    """A group whose commands are imported one by one, when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None if there is none."""
        return command_of(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does; an unknown name is answered with the one that was meant."""
        if args and args[0] not in COMMANDS and (close := get_close_matches(args[0], COMMANDS, n=1)):
            ctx.fail(f"No such command {args[0]!r} (did you mean {close[0]}?).")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Their list in the help text, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def command_of(name: str) -> Any:
    """The command as Typer makes it of its function."""
    try:
        module = importlib.import_module(f"{PACKAGE}.{FILES.get(name, name)}")
    except KeyboardInterrupt:
        say("testbed: stopped")
        raise typer.Exit(STOPPED) from None
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    alone.command(name)(module.command)
    return typer.main.get_command(alone)


app = typer.Typer(name="testbed", cls=CommandsOnDemand, no_args_is_help=True, add_completion=True,
                  pretty_exceptions_enable=False, rich_markup_mode=None)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"testbed {version('v2g-testbed')}, Python {sys.version.split()[0]}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True,
                            help="Print the version and end.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show Python's traceback of a failure.")] = False,
) -> None:
    """Vehicle-to-grid dispatch in co-simulation: run controllers on scenarios and compare them."""
    DEBUG.set(debug)
    remove_remains()


def main() -> None:
    """Entry point of the console script."""
    if names_own_code(sys.argv[1:]):
        go_on_watched()
    act()


def act() -> None:
    """What the words of this process ask for."""
    if wrong := next((word for word in sys.argv[1:] if CONTROL.search(word)), None):
        say(f"testbed: {wrong}: an argument must not hold control characters, or bytes that are no text")
        sys.exit(WRONG_USAGE)
    try:
        Path.cwd()
    except FileNotFoundError:
        say("testbed: the present folder has been removed; change into another one")
        sys.exit(WRONG_USAGE)
    atexit.register(gc.freeze)  # the process is ending: to look for cycles once more takes a fifth of a second
    app()


if __name__ == "__main__":
    main()
