"""Other mosaik simulators in a run of ours: started, wired, checked, and what they tell."""
