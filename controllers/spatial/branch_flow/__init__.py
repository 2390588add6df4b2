"""Branch-flow optimisation of one feeder: where the upper layer's targets are met."""
