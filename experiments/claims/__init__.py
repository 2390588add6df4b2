"""The parts behind `experiments.claims.paper_claims`: one module per kind of claim."""
