"""A charging management system as the controller: its profiles are the set-points of all districts' cars."""

from __future__ import annotations

import csv
import math
import os
import weakref
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import get_args

import numpy as np

from controllers.base import BaseController
from controllers.port import CarControl, FeederView, Setpoints, SpatialKnowledge, SpatialLayer
from controllers.spatial.none import unsolved
from testbed.stations.link import Link, NoManagement
from testbed.stations.profiles import W_PER_KW, Version
from testbed.stations.station import Event, Stay


@dataclass
class Managed(BaseController):
    """Chargers of every bus are an OCPP station; units are committed as under `smart_charging`.

    Raises NoManagement, as it is made, where nobody answers.
    """

    name = "managed"
    description = "cars do what a charging management system says over OCPP"
    car_control: CarControl = "charge_only"
    address: str = "ws://127.0.0.1:9000"
    """Of the management system: ws://HOST:PORT/PATH; the station's name is put behind it"""
    version: Version = "2.0.1"
    """Of OCPP; with 2.1 cars give back"""
    patience_s: float = 5.0
    """Seconds of real time that a step waits for an answer or a profile"""
    journal: str = ""
    """CSV file of what was refused, late or silent, with reason codes; none if empty"""

    def __post_init__(self) -> None:
        if wrong := self._wrong():
            raise ValueError("; ".join(wrong))
        if self.version == "2.1":
            self.car_control = "bidirectional"
        probe = Link(self.address, self.version, self.patience_s)
        try:
            probe.open(["probe"])
        finally:
            probe.close()

    def _wrong(self) -> list[str]:
        """What of the parameters cannot be, before anybody is asked."""
        wrong = [] if self.version in get_args(Version) else [
            f"version={self.version!r}: must be {' or '.join(get_args(Version))}"]
        if not 0 < self.patience_s < math.inf:
            wrong.append(f"patience_s={self.patience_s}: must be a number of seconds above 0")
        file = Path(self.journal).absolute()
        if self.journal and (file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK)):
            wrong.append(f"journal={self.journal!r}: must be a file in a folder that can be written into")
        return wrong

    def spatial(self, knowledge: SpatialKnowledge) -> SpatialLayer:
        """The stations of one district."""
        return Stations(knowledge, Link(self.address, self.version, self.patience_s), self.journal)


class Stations:
    """The stations of one district, as its lower layer."""

    def __init__(self, knowledge: SpatialKnowledge, link: Link, journal: str) -> None:
        self.knowledge, self._link = knowledge, link
        self._journal = Path(journal) if journal else None
        buses: list[int] = np.flatnonzero(knowledge.site.bus_zone >= 0).tolist()
        self._numbers = {bus: f"{knowledge.district}-{bus}" for bus in buses}
        self._told = 0
        weakref.finalize(self, link.close)
        try:
            link.open(list(self._numbers.values()))
        except NoManagement:
            link.close()
            raise

    @property
    def events(self) -> list[Event]:
        """What was refused, late or silent so far."""
        return self._link.events

    def step(self, view: FeederView) -> Setpoints:
        """Profiles as they hold now, within what chargers can; cars without one are free."""
        k = self.knowledge
        stays: dict[str, dict[int, Stay]] = {name: {} for name in self._numbers.values()}
        for bus, stay in self._stays(view):
            stays[self._numbers[bus]][stay.car + 1] = stay
        powers = self._link.step(view.time_s, stays)
        self._write_events()
        setpoint_kw, is_dispatched = np.zeros(k.vehicles.count), np.zeros(k.vehicles.count, dtype=np.int64)
        for own in powers.values():
            for evse, power_kw in own.items():
                if power_kw is not None:
                    setpoint_kw[evse - 1], is_dispatched[evse - 1] = power_kw, 1
        least_kw = -k.vehicles.p_discharge_max_kw * k.may_discharge
        setpoint_kw = np.clip(setpoint_kw, least_kw, k.vehicles.p_charge_max_kw)
        at_bus = np.maximum(view.declared.bus_index, 0)
        expected_kw = np.bincount(at_bus, setpoint_kw * is_dispatched * k.assumed_compliance, k.site.bus_count)
        return unsolved(k, view, setpoint_kw, is_dispatched, expected_kw.astype(np.float64))

    def _stays(self, view: FeederView) -> Iterator[tuple[int, Stay]]:
        """(bus, stay) of each plugged and enrolled car, as the operator knows it."""
        k, declared = self.knowledge, view.declared
        for car in np.flatnonzero(declared.is_plugged & k.vehicles.is_enrolled).tolist():
            missing_kwh = (declared.soc_wanted[car] - view.soc[car]) * k.vehicles.capacity_kwh[car]
            yield int(declared.bus_index[car]), Stay(
                car=car, transaction=f"{car}-{declared.plugged_since_s[car]}",
                departure_s=int(declared.declared_departure_s[car]),
                energy_wh=max(round(missing_kwh * W_PER_KW), 0),
                p_charge_max_w=round(k.vehicles.p_charge_max_kw[car] * W_PER_KW),
                p_discharge_max_w=round(k.vehicles.p_discharge_max_kw[car] * W_PER_KW) * k.may_discharge,
                soc_percent=float(100 * view.soc[car]))

    def _write_events(self) -> None:
        if self._journal is None or len(self.events) == self._told:
            return
        is_new = not self._journal.exists()
        with self._journal.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if is_new:
                writer.writerow([field.name for field in fields(Event)])
            writer.writerows(astuple(event) for event in self.events[self._told:])
        self._told = len(self.events)
