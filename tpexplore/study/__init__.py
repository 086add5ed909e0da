"""Studies of a model: sweeps over keep-rates, removals, stability, overlap, own data."""
