"""What a run is asked to do: the validated description, its rules, and how it is read."""
