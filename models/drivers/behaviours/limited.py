"""Charger or battery cannot do it."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=9,
    name="limited",
    what="would comply, but charger or battery cannot do it",
    ocpp="`NotifyChargingLimit`, or charging needs that the battery bounds",
    openadr="reported resource status below the set-point",
    drawn="not drawn; found by the fleet",
)
