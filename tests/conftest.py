"""For all tests: the search for cycles leaves out what collecting them has put into memory."""

import gc

import pytest

gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Six thousand tests are a million objects that stay: neither made nor kept under the collector's eyes."""
    gc.freeze()
    gc.enable()
