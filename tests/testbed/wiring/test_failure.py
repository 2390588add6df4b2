"""One record of what failed: as text, as plain data and back."""

from __future__ import annotations

import json

import pytest

from testbed.wiring.failure import Failure, clock, end_of_process


def thrown() -> ZeroDivisionError:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError as error:
        return error
    raise AssertionError


def test_what_was_thrown_is_told_with_its_place() -> None:
    failure = Failure.of(thrown(), "spatial", 14_400)
    assert failure.text == "spatial failed at day 1 04:00: ZeroDivisionError: division by zero"
    assert "test_failure.py" in failure.trace
    assert Failure.of(thrown(), word="unexpected ").text == "unexpected ZeroDivisionError: division by zero"


def test_plain_data_give_the_same_record_again() -> None:
    failure = Failure.of(thrown(), "fleet", -900)
    assert Failure.from_json(json.loads(json.dumps(failure.to_json()))) == failure
    assert Failure.from_json("yesterday's cause").text == "yesterday's cause"


@pytest.mark.parametrize(("time_s", "text"), [
    (0, "day 1 00:00"), (86_400 + 49_500, "day 2 13:45"), (-900, "warm-up day -1 23:45"), (61, "day 1 00:01:01")])
def test_times_are_told_as_people_read_them(time_s: int, text: str) -> None:
    assert clock(time_s) == text


@pytest.mark.parametrize(("code", "text"), [
    (None, ""), (-9, "it was killed by SIGKILL"), (-40, "it was killed by signal 40"),
    (3, "it ended without a word, exit code 3")])
def test_every_end_of_a_process_has_words(code: int | None, text: str) -> None:
    """Signal 40, as a real-time library may send it, has no name in Python."""
    assert end_of_process("it", code) == text
