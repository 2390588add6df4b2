"""Files are whole or as they were; a full disk is a message."""

import subprocess
import sys

import pytest

from testbed.wiring.whole_files import NoSpace, reserve, whole_file, write_whole

LIMITED = """
import resource, sys
from pathlib import Path
from testbed.wiring.whole_files import NoSpace, reserve, write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
path = Path(sys.argv[1])
for attempt in (lambda: write_whole(path, bytes(5_000_000)), lambda: reserve(path, 5_000_000)):
    try:
        attempt()
    except NoSpace as full:
        print(full)
"""


def test_a_block_that_throws_changes_nothing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), whole_file(path) as partial:
        partial.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before" and [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_a_symbolic_link_stays_and_what_it_points_to_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "a.txt", tmp_path / "link.txt"
    target.write_text("before")
    link.symlink_to(target)
    write_whole(link, b"after")
    assert link.is_symlink() and target.read_text() == "after"


def test_a_link_to_nothing_is_filled(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "new.txt")
    write_whole(link, b"after")
    assert link.is_symlink() and (tmp_path / "new.txt").read_text() == "after"


def test_what_is_too_large_is_told_with_its_size_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], check=True, capture_output=True, text=True)
    first, second = done.stdout.splitlines()
    assert f"{path}: no space left for it, which takes 5.0 MB (File too large; " in first
    assert "which takes 5.0 MB (" in second and done.stderr == ""
    assert path.read_text() == "before" and [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_reserved_blocks_are_the_files_own(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    reserve(path, 100_000)
    assert path.stat().st_size == 100_000 and path.read_bytes()[:4] == b"abc\0"
    assert path.stat().st_blocks * 512 >= 100_000


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError) as error, whole_file(tmp_path / "none" / "a.txt") as partial:
        partial.write_text("x")
    assert not isinstance(error.value, NoSpace)
