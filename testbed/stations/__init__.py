"""A district's chargers as OCPP stations, so that a charging management system is put on trial as the controller."""
