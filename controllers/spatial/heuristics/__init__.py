"""Search at random in place of branch-flow optimisation: the same hour, the same prices, no certificate."""
