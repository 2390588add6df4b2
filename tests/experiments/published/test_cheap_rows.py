"""One cheap row of each experiment, computed anew: is what is published still what comes out?"""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.publishing.publish import moved
from experiments.publishing.registry import experiment, experiments


@pytest.mark.slow
@pytest.mark.parametrize("name", list(experiments()))
def test_the_cheap_row_is_where_it_was_published(name: str, tmp_path: Path) -> None:
    published = experiment(name)
    assert moved(published, published.cheap.compute(tmp_path)) == []
