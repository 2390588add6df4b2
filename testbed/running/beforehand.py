"""The verdict on the fast engine, which a run needs only at its end, reached by a second process while it simulates.

That process does nothing but fill the cache. The run asks for the verdict as ever and finds it there; if the process
died, it is reached on the spot.
"""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

from testbed.setup.engine_check import engines_disagree, is_checked
from testbed.wiring.run_spec import RunSpec


class Beforehand:
    """The second process while the block runs; none where the verdict is known already."""

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if not is_checked(self._spec):
            self._process = subprocess.Popen([sys.executable, "-m", __name__, self._spec.to_json()],
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL, text=True)
        return self

    def wait(self) -> None:
        """Until it is done, well or badly."""
        if self._process is not None:
            self._process.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


if __name__ == "__main__":
    sys.modules["matplotlib"] = None  # type: ignore[assignment] # pandapower goes without it, half a second sooner
    engines_disagree(RunSpec.from_json(sys.argv[1]))
