"""Does as it is told."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=0,
    name="complied",
    what="did as told, within max(0.2 kW, 2 %)",
    ocpp="profile `Accepted`, meter values within the limit",
    openadr="`optIn`",
    drawn="by `compliance_mean`, per stay",
    follows=True,
)
