"""Network sources that read a pandapower net: read once, in silence, then turned into a feeder."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import lru_cache
from typing import Any

from models.network.account import NetAccount
from models.network.loads.elements import Elements
from models.network.loads.net_elements import elements_of_net
from models.network.loads.own_series import OwnProfiles
from models.network.net_account import account_of_net
from models.network.net_feeder import feeder_of_net, substation_taps
from models.network.quiet import quiet
from models.network.source import FeederLimits, NetworkSource, Taken
from models.network.transformers.tap_changer import Taps
from models.records.arrays import Ints
from models.records.feeder import RadialFeeder


def net_source(name: str, description: str, pattern: str, read: Callable[[str], Any],
               version: Callable[[str], str] = lambda _: "",
               own_profiles: Callable[[Any], OwnProfiles] | None = None) -> NetworkSource:
    """A source whose `read` makes a net of what a scenario writes; it is read again where `version` differs.

    own_profiles: those that the net brings.
    """

    @lru_cache(maxsize=4)
    def once(text: str, version_then: str) -> Any:
        # the libraries talk while they load, and some networks run a power flow while they are made and ask for numba
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), quiet("pandapower"):
            warnings.simplefilter("ignore")
            return read(text)

    def feeder(text: str, limits: FeederLimits) -> RadialFeeder:
        return feeder_of_net(once(text, version(text)), text, limits)

    def account(text: str, limits: FeederLimits, taken: Taken) -> NetAccount:
        return account_of_net(once(text, version(text)), text, limits, taken)

    def elements(text: str, bus_number: Ints) -> Elements:
        return elements_of_net(once(text, version(text)), bus_number)

    def profiles(text: str) -> OwnProfiles:
        assert own_profiles is not None
        return own_profiles(once(text, version(text)))

    def taps(text: str) -> Taps:
        return substation_taps(once(text, version(text)), text)

    return NetworkSource(name, description, pattern, feeder, account, profiles if own_profiles else None, elements,
                         taps)
