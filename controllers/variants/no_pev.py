"""Reference without cars."""

from controllers.base import BaseController


class NoPev(BaseController):
    """The same system without a single car."""

    name = "no_pev"
    description = "reference: the same system without cars"
    has_vehicles = False
