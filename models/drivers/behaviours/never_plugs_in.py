"""Parks without plugging in."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=6,
    name="never_plugs_in",
    what="parks without plugging in, so it is never instructed; taxis ignore instead",
    ocpp="no transaction; connector `Available`",
    openadr="`oadrCreateOpt` for the time, reason `notParticipating`",
    weight=0.1,
    plugs_in=False,
)
