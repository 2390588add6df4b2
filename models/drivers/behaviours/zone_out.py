"""Its whole zone cannot be reached."""

from models.drivers.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    code=8,
    name="zone_out",
    what=("would comply, but an outage cuts off all cars of the zone from midnight to midnight, also those plugged in "
          "before it; their SOC stays as last heard, at plug-in or before the outage, until a step after it"),
    ocpp="the same as `telemetry_lost` for all stations of a zone",
    openadr="`optOut`, reason `outageRunStatus`, for all of a zone",
    drawn="by `zone_outages_per_day`",
    is_silent=True,
)
