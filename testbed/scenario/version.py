"""The version of a scenario file: what its keys mean. A file may say it; one that does not is of the present one."""

from __future__ import annotations

SCENARIO_VERSION = 1
CHANGES: dict[int, str] = {}
"""What has to be changed in a file of that version to make it one of the next."""


def version_mistake(value: object, known: int = SCENARIO_VERSION, changes: dict[int, str] | None = None) -> str:
    """Why a file of this version is not read, and what to do; empty if it is read."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        return f"must be a whole number from 1 to {known}"
    if value > known:
        return f"is newer than this program, which reads scenarios up to version {known}: install a newer one"
    told = CHANGES if changes is None else changes
    steps = [f"{told[version]} (version {version + 1})" for version in range(value, known)]
    return f"must be {known}; to upgrade the file: {'; '.join(steps)}; then write version: {known}" if steps else ""
