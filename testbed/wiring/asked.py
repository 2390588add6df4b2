"""What a run was asked for, beside scenario and seed, in words that its result keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from testbed.scenario.files import files_digest, named_files
from testbed.scenario.record import result_content
from testbed.wiring.run_spec import RunSpec

OWN_FILE = ".py:"


def asked_words(spec: RunSpec) -> dict[str, str]:
    """Controller with its parameters (of one's own: its file's name, not the folder), content of named files, plan."""
    file, colon, made = spec.controller.partition(OWN_FILE)
    controller = f"{Path(file).name}{OWN_FILE}{made}" if colon else spec.controller
    return {"controller": controller, "files": files_digest(named_files(spec.scenario)), "plan": str(spec.plan or "")}


def asked_digest(spec: RunSpec, controller: str, words: Mapping[str, str]) -> str:
    """64 hex digits of all that a run was asked for: its words, the name of its controller, scenario and seed."""
    request = [controller, dict(words), result_content(spec.scenario.model_copy(update={"seed": spec.seed}))]
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
