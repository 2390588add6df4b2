"""The files that stand beside every input, made once: a check of a scenario is among them."""

from __future__ import annotations

import pytest

from tests.fuzz.world import standing_files


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The standing files."""
    return standing_files(tmp_path_factory.mktemp("standing"))
