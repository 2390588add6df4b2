"""Learning: a run as an environment for agents, one for the operator or one for each district."""
