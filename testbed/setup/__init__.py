"""From a scenario to the objects of a run: districts, profiles, what each operator knows, controllers."""
