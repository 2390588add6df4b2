"""Whether the plans of an earlier result can be replayed in a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from testbed.scenario.marked_yaml import LONGEST
from testbed.scenario.plain_text import path_mistake

if TYPE_CHECKING:
    from testbed.results.reading import Result
    from testbed.scenario.record import Scenario


def plan_mistakes(plan: Path, scenario: Scenario | None) -> list[str]:
    """Why the plans of this file could not be replayed; scenario: None where it cannot be read."""
    from testbed.results.reading import ResultError, open_result, stored_plans  # noqa: PLC0415
    from testbed.results.trial import trial_mistake  # noqa: PLC0415

    if wrong := path_mistake(str(plan)):
        return [f"--plan {str(plan)[:LONGEST]}: {wrong}"]
    if plan.is_file() and (damage := trial_mistake(plan)):
        return [f"--plan {plan}: {damage}"]
    try:
        result = open_result(plan)
        problems = [] if scenario is None else _plan_problems(result, scenario)
        if not problems:
            stored_plans(plan)
    except ResultError as error:
        return [f"--plan {error}"]
    except (LookupError, TypeError, ValueError, AttributeError, OSError, yaml.YAMLError) as error:
        return [f"--plan {plan}: its parts do not fit together, it was altered or is damaged "
                f"({type(error).__name__}: {error})"]
    return [f"--plan {plan}: {problem}" for problem in problems]


def _plan_problems(result: Result, scenario: Scenario) -> list[str]:
    """Why this result's plans do not fit the scenario."""
    theirs = result.scenario
    problems = [
        f"its planning.{key} is {theirs['planning'][key]}, the scenario's {getattr(scenario.planning, key)}"
        for key in ("horizon_h", "binding_h") if theirs["planning"][key] != getattr(scenario.planning, key)
    ]
    if result.warmup_controlled_days != scenario.warmup_controlled_days:
        problems.append(f"its warmup_controlled_days is {result.warmup_controlled_days}, the scenario's "
                        f"{scenario.warmup_controlled_days}: counted time would begin from another state")
    names, their_names = [d.name for d in scenario.districts], [d["name"] for d in theirs["districts"]]
    if names != their_names:
        problems.append(f"its districts are {', '.join(their_names)}, the scenario's {', '.join(names)}")
    needed = scenario.days * 24 // scenario.planning.binding_h
    if result.plan_count < needed:
        problems.append(f"holds {result.plan_count} plans, the scenario needs {needed}")
    return problems
