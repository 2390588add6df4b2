"""Where cars are: trips, stays, ports and queues, recorded sessions, expected days."""
