"""Departs before the declared time."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=4,
    name="leaves_early",
    what="departs before the declared time: up to half the stay and at most 3 h",
    ocpp="`TransactionEvent` `Ended`, reason `EVDisconnected`, before `departureTime`",
    openadr="`oadrCreateOpt`, `optOut`, reason `notParticipating`; else a report only",
    weight=0.2,
    follows=True,
    moves="departure",
)
