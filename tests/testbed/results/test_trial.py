"""Files are read on trial in a process of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from testbed.results import trial


def test_a_trial_that_is_interrupted_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []

    def interrupted(child: int) -> None:
        children.append(child)
        raise KeyboardInterrupt

    monkeypatch.setattr(trial, "_ended", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trial.trial_mistake(tmp_path / "no.h5")
    with pytest.raises(ChildProcessError):
        os.waitpid(children[0], os.WNOHANG)
