"""The bi-layer controller with nothing left to guess."""

from controllers.variants.bilayer import Bilayer


class Oracle(Bilayer):
    """`bilayer` whose plans see the true load, wind, sun and stays (arrivals, departures, who complies).

    It is the reference of `regret_usd`; no real operator could run it.
    """

    name = "oracle"
    description = "bilayer with perfect foresight of profiles and stays: the reference of regret"
    knows_truth = True
