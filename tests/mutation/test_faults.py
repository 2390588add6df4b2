"""The list of planted faults is of the code as it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutation.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"audit", "controllers", "experiments", "models", "testbed"}


def is_sound(fault: Fault) -> bool:
    """Whether it can be planted, and the tests that are to notice it exist."""
    return (fault.new != fault.old and (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1
            and all((ROOT / test.split("::")[0]).is_file() for test in fault.tests.split()))


def test_what_is_replaced_stands_there_once_and_its_tests_exist() -> None:
    assert [fault.name for fault in FAULTS if not is_sound(fault)] == []


@pytest.mark.parametrize("changes", [{"old": "no such line"}, {"new": FAULTS[0].old}, {"tests": "tests/test_gone.py"}])
def test_a_fault_that_cannot_be_planted_is_found(changes: dict[str, str]) -> None:
    assert not is_sound(replace(FAULTS[0], **changes))


def test_faults_are_many_and_in_all_packages() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 60
    assert {fault.file.split("/")[0] for fault in FAULTS} == PACKAGES


def test_a_run_is_never_judged_by_an_audit_that_has_the_fault() -> None:
    assert [fault.name for fault in FAULTS if fault.reaches_results and fault.file.startswith("audit/")] == []
