"""Cars answer the price alone."""

from controllers.base import BaseController
from controllers.port import FreeBehaviour


class Tariff(BaseController):
    """No instructions: drivers who find the spread worth it move their charging to cheap hours."""

    name = "tariff"
    description = "drivers answer the time-of-use price alone"
    free_behaviour: FreeBehaviour = "price_response"
