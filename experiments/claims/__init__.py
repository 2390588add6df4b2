"""The parts behind `experiments.paper_claims`: one module per kind of claim."""
