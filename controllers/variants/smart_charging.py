"""The bi-layer controller without discharging."""

from controllers.port import CarControl
from controllers.variants.bilayer import Bilayer


class SmartCharging(Bilayer):
    """`bilayer` with pd = 0."""

    name = "smart_charging"
    description = "bilayer without discharging (pd = 0)"
    car_control: CarControl = "charge_only"
