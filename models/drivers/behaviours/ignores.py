"""Pays no heed to instructions."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=2,
    name="ignores",
    what="charges at once, whatever it is told",
    ocpp="profile `Rejected`, or accepted and not followed by the meter values",
    openadr="`optOut` of the event",
    weight=0.3,
)
