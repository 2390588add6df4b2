"""What is told of a result that a command was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.running.preflight import WrongRequest
from testbed.scripting.opened import content_read
from testbed.wiring.whole_files import NoSpace


def test_a_reader_of_ours_that_has_gone_is_no_damage_of_the_file() -> None:
    with pytest.raises(BrokenPipeError), content_read(Path("day.h5")):
        raise BrokenPipeError
    with pytest.raises(WrongRequest, match=r"day\.h5: its parts do not fit together"), content_read(Path("day.h5")):
        raise OSError("cut")


def test_a_disk_that_is_full_is_no_damage_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match=r"net\.json: no space left for it"), content_read(Path("day.h5")):
        raise NoSpace(tmp_path / "net.json", "No space left on device")
