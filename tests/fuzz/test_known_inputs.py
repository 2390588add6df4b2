"""Each class of mangled input that once went wrong: the words that are right, and nothing else happens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fuzz import known_inputs
from tests.fuzz.judge import DONE, WRONG, judged
from tests.fuzz.known_inputs import Known
from tests.fuzz.world import lay_out


def _wrong(known: list[Known], there: Mapping[str, bytes], folder: Path) -> list[str]:
    """What is not as it is known to be right."""
    lay_out(folder, there)
    wrong = []
    for what, case, words in known:
        verdict = judged(case, folder)
        if verdict.fault or words not in verdict.said or verdict.exit_code != (WRONG if words else DONE):
            wrong.append(f"{what}: exit code {verdict.exit_code}, {verdict.fault}, {verdict.said}, not {words!r}")
    return wrong


@pytest.mark.parametrize("known", [known_inputs.texts(), known_inputs.tables(), known_inputs.studies()],
                         ids=["texts", "tables", "studies"])
def test_what_once_went_wrong_is_right(known: list[Known], there: Mapping[str, bytes], tmp_path: Path) -> None:
    assert _wrong(known, there, tmp_path) == []


@pytest.mark.slow
def test_networks_that_once_went_wrong_are_right(there: Mapping[str, bytes], tmp_path: Path) -> None:
    assert _wrong(known_inputs.networks(there["net.json"]), there, tmp_path) == []
