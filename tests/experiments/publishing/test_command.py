"""The command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from experiments.publishing.__main__ import ages, main
from experiments.publishing.registry import experiments
from experiments.publishing.tables import read_table


@pytest.mark.parametrize(("words", "message"), [
    (["render", "nowhere"], "no page nowhere; there are"),
    (["run", "nothing"], "no experiment 'nothing'; there are capacity_credit"),
    (["run", "compliance", "--workers", "0"], "--workers 0: must be 1 or more")])
def test_a_wrong_request_is_one_message_and_exit_code_2(words: list[str], message: str,
                                                        capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert [published.name for published in experiments().values() if published.command not in listed] == []


def test_a_list_whose_reader_has_gone_ends_without_a_word() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run([sys.executable, "-m", "experiments.publishing", "list"], stdout=writer,
                           stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_list_says_what_was_measured_by_other_code() -> None:
    lines = ages("0" * 16)
    assert len(lines) == len(experiments()) and all(line.endswith("by other code") for line in lines)
    code = read_table("validation.distances").record.code
    assert any(line.startswith("validation: ") and line.endswith("by this code") for line in ages(code))
