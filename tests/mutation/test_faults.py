"""The list of planted faults is of the code as it is."""

from pathlib import Path

import pytest

from tests.mutation.faults import FAULTS, Fault

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"audit", "controllers", "experiments", "models", "testbed"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_is_replaced_stands_there_once_and_its_tests_exist(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1
    assert fault.new != fault.old
    assert all((ROOT / test.split("::")[0]).is_file() for test in fault.tests.split())


def test_faults_are_many_and_in_all_packages() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 60
    assert {fault.file.split("/")[0] for fault in FAULTS} == PACKAGES
