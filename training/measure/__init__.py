"""How good a trained model is, and what its attention follows."""
