"""Cannot be reached."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=7,
    name="telemetry_lost",
    what=("instructions do not arrive, plans know the SOC as at plug-in only; charges at once. What the charger "
          "metered is known afterwards, as ever"),
    ocpp="no `Heartbeat`; offline `TransactionEvent`s with `offline: true`",
    openadr="no poll, no report",
    weight=0.0,
    is_silent=True,
)
