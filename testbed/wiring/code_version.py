"""Which sources a process runs: what several processes of one run or study must have in common."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from models.plugins import packages

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("models", "controllers", "testbed")


@cache
def code_hash() -> str:
    """16 hex digits of the sources of models, controllers and testbed, as this process found them, and of the versions
    of installed packages that add to them."""
    digest = hashlib.sha256()
    for file in sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    digest.update(" ".join(packages()).encode())
    return digest.hexdigest()[:16]
