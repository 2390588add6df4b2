"""Cars charge on arrival."""

from controllers.base import BaseController


class Uncoordinated(BaseController):
    """Every car charges at full power from the instant it is plugged in until it has what it wants."""

    name = "uncoordinated"
    description = "every car charges on arrival"
