"""Buses without supply: their loads are off, their chargers dead, and the system's load is less by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from testbed.faults.placed import SYSTEM, Injection, Words, changed

WITHOUT_POWER = "without_power"
"""[B] what the fleet hears of buses whose chargers are dead; nothing where none is."""
UNAVAILABLE = "unavailable"
"""[U] what the power system hears of units that cannot run; nothing where all can."""
KW_PER_MW = 1e3
CARS_STAND = "cars plugged in there neither charge nor give back, told or not; what they miss is missing as they leave"


class DeadChargers(Injection):
    """At the fleet: nothing passes the chargers of the buses that are meant."""

    def hear(self, now_s: int, heard: Words) -> Words:
        """See Injection."""
        if not self.fault.is_on(now_s):
            return heard
        here = self.fault.district
        others = heard[here].get(WITHOUT_POWER)
        dead = self.fault.is_meant if others is None else others | self.fault.is_meant
        return changed(heard, here, **{WITHOUT_POWER: dead})


class DeadLoads(Injection):
    """At the profiles: the buses draw nothing, and the system is asked for as much less."""

    def say(self, now_s: int, heard: Words, said: Words) -> Words:
        """See Injection."""
        if not self.fault.is_on(now_s):
            return said
        here, is_dead = self.fault.district, self.fault.is_meant
        load = said[here]["bus_load"]
        off = replace(load, p_kw=np.where(is_dead, 0.0, load.p_kw), q_kvar=np.where(is_dead, 0.0, load.q_kvar),
                      generation_kw=np.where(is_dead[self.fault.generation_buses], 0.0, load.generation_kw))
        unserved_mw = float(load.p_kw[is_dead].sum()) / KW_PER_MW
        said = changed(said, here, bus_load=off)
        return changed(said, SYSTEM, load_mw=max(said[SYSTEM]["load_mw"] - unserved_mw, 0.0))
