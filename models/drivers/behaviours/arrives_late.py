"""Plugs in later than it parked."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=5,
    name="arrives_late",
    what="plugs in later than it parked, by the same limits; then does as told, so it is no reason of an instruction",
    ocpp="no transaction; connector `Available`",
    openadr="`oadrCreateOpt` for the time, reason `notParticipating`",
    weight=0.1,
    follows=True,
    moves="plug_in",
)
