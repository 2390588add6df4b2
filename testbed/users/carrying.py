"""Objects of users' classes on their way to other processes, with the classes that could not be imported there.

Classes of a script, a notebook's cell or a function, and of users' files, travel inside; whatever else they import
is found by the path of this process, which travels along.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from testbed.users.code import OWN_MODULE


def carried(thing: object) -> bytes:
    """The object with the classes that it needs. Whatever keeps it from being sent is thrown as pickle throws it."""
    import cloudpickle  # noqa: PLC0415 - only where something is sent

    with _sent_by_value(cloudpickle):
        return bytes(pickle.dumps((list(sys.path), cloudpickle.dumps(thing))))


def delivered(content: bytes) -> Any:
    """The object, in a process that may know nothing of its class; `content` is of `carried`, never of a stranger."""
    path, thing = pickle.loads(content)
    sys.path.extend(entry for entry in path if entry not in sys.path)
    return pickle.loads(thing)


def code_of(thing: object) -> str:
    """sha256 of the code of its class: of the whole file where there is one, else of all that would be sent with it."""
    file = getattr(sys.modules.get(type(thing).__module__), "__file__", None)
    content = Path(file).read_bytes() if file and Path(file).is_file() else _sent_alone(thing)
    return hashlib.sha256(content).hexdigest()


def _sent_alone(thing: object) -> bytes:
    import cloudpickle  # noqa: PLC0415

    return bytes(cloudpickle.dumps(thing))


@contextmanager
def _sent_by_value(cloudpickle: Any) -> Iterator[None]:
    """Within, modules made of users' files travel whole, as those of a script do anyway."""
    registered: list[ModuleType] = []
    for name, module in list(sys.modules.items()):
        if name.startswith(OWN_MODULE):
            cloudpickle.register_pickle_by_value(module)
            registered.append(module)
    try:
        yield
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)
