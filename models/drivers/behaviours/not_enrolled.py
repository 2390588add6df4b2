"""No contract."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=1,
    name="not_enrolled",
    what="has no contract; is never instructed",
    ocpp="no profile is sent",
    openadr="not registered for the programme",
    drawn="by `enrolled_share`, per car",
)
