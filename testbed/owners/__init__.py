"""What a run means for owners: statements, compensation, fairness, wear."""
