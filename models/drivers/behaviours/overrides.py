"""Follows until its driver presses the button."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=3,
    name="overrides",
    what="follows, until its driver presses the button at a random instant of the stay",
    ocpp="`NotifyEvent`/new `NotifyEVChargingNeeds` in the transaction, or a local limit (`NotifyChargingLimit`)",
    openadr="`oadrCreateOpt`, `optOut`, reason `overrideStatus`",
    weight=0.3,
    follows=True,
    moves="obedience",
)
