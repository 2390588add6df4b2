"""`testbed schema`."""

from __future__ import annotations

import json

from testbed.cli.ending import reported
from testbed.scenario.record import scenario_schema


@reported
def command() -> None:
    """Print the JSON schema of scenario files, for editors."""
    print(json.dumps(scenario_schema(), indent=2))
